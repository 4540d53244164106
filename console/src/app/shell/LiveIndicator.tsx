import { PauseCircleOutlined, SyncOutlined, ThunderboltOutlined } from '@ant-design/icons';
import { Tag, Tooltip } from 'antd';
import { useLiveState } from '@/api';
import { useTexts } from '@/i18n';

const LOOKS = {
  live: { color: 'success', icon: <ThunderboltOutlined /> },
  connecting: { color: 'default', icon: <SyncOutlined /> },
  polling: { color: 'warning', icon: <PauseCircleOutlined /> },
} as const;

/** Whether what is shown follows the platform at once, or is read every 10 seconds. */
export function LiveIndicator() {
  const t = useTexts().shell.live;
  const state = useLiveState();
  return (
    <Tooltip title={t[`${state}Hint`]}>
      <Tag {...LOOKS[state]} role="status" tabIndex={0}>
        {t[state]}
      </Tag>
    </Tooltip>
  );
}

import { Typography } from 'antd';
import { useTexts } from '@/i18n';

/** A value that is copied by a click: an id, an address. */
export function CopyText({ text, shown }: { text: string; shown?: string }) {
  const t = useTexts().components;
  return (
    <Typography.Text
      code
      copyable={{ text, tooltips: [t.copy, t.copied] }}
      style={{ overflowWrap: 'anywhere' }}
    >
      {shown ?? text}
    </Typography.Text>
  );
}

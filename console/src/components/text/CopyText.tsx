import { CheckOutlined, CopyOutlined } from '@ant-design/icons';
import { Button, Tooltip, theme } from 'antd';
import { useTexts } from '@/i18n';
import { useCopy } from './useCopy';

/** A value that is copied by a click: an id, an address. */
export function CopyText({ text, shown }: { text: string; shown?: string }) {
  const t = useTexts().components;
  const { token } = theme.useToken();
  const [isCopied, copy] = useCopy();
  return (
    <span style={{ overflowWrap: 'anywhere' }}>
      <code style={{ fontFamily: token.fontFamilyCode, fontSize: token.fontSizeSM }}>{shown ?? text}</code>
      <Tooltip title={isCopied ? t.copied : t.copy}>
        <Button
          type="text"
          size="small"
          icon={isCopied ? <CheckOutlined /> : <CopyOutlined />}
          aria-label={isCopied ? t.copied : `${t.copy} ${shown ?? text}`}
          onClick={() => copy(text)}
        />
      </Tooltip>
    </span>
  );
}

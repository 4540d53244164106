import { CheckOutlined, CopyOutlined } from '@ant-design/icons';
import { Button, Tooltip, theme } from 'antd';
import { useTexts } from '@/i18n';
import { useCopy } from '../text/useCopy';

/** Lines of code or output with a copy button; scrolls by keyboard, sideways where they are not to be wrapped. */
export function CodeBlock({ code, wrap = false }: { code: string; wrap?: boolean }) {
  const t = useTexts().components;
  const { token } = theme.useToken();
  const [isCopied, copy] = useCopy();
  return (
    <div style={{ position: 'relative' }}>
      <pre
        tabIndex={0}
        style={{
          margin: 0,
          padding: '10px 44px 10px 12px',
          maxHeight: 420,
          overflow: 'auto',
          ...(wrap && { whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }),
          background: token.colorFillTertiary,
          borderRadius: token.borderRadius,
          fontFamily: token.fontFamilyCode,
          fontSize: token.fontSizeSM,
        }}
      >
        {code}
      </pre>
      <Tooltip title={isCopied ? t.copied : t.copy}>
        <Button
          size="small"
          type="text"
          style={{ position: 'absolute', top: 6, insetInlineEnd: 6 }}
          icon={isCopied ? <CheckOutlined /> : <CopyOutlined />}
          aria-label={isCopied ? t.copied : t.copy}
          onClick={() => copy(code)}
        />
      </Tooltip>
    </div>
  );
}

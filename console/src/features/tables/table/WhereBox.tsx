import { Alert, Input, theme } from 'antd';
import { useEffect, useState } from 'react';
import { useFormats, useTexts } from '@/i18n';
import type { WrongFilter } from './where';

/** The filter as it is typed; what the server does not understand of it is marked below. */
export function WhereBox(props: {
  where: string;
  wrong: WrongFilter | null;
  apply: (where: string) => void;
}) {
  const t = useTexts().tables;
  const { where, wrong, apply } = props;
  const [typed, setTyped] = useState(where);
  useEffect(() => setTyped(where), [where]);
  return (
    <div>
      <Input.Search
        allowClear
        aria-label={t.where}
        placeholder={t.whereHint}
        enterButton={t.apply}
        spellCheck={false}
        maxLength={4096}
        status={wrong === null ? '' : 'error'}
        aria-invalid={wrong !== null}
        aria-describedby={wrong === null ? undefined : 'wrong-filter'}
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
        onSearch={(value) => apply(value.trim())}
      />
      {wrong !== null && <Wrong of={wrong} />}
    </div>
  );
}

function Wrong({ of }: { of: WrongFilter }) {
  const t = useTexts().tables;
  const formats = useFormats();
  const { token } = theme.useToken();
  const mark = { background: token.colorErrorBg, color: token.colorErrorText, borderBottom: '2px solid' };
  return (
    <Alert
      id="wrong-filter"
      type="error"
      role="alert"
      showIcon
      style={{ marginTop: 8 }}
      title={of.place === null ? t.wrong : t.wrongAt(formats.number(of.place))}
      description={
        <>
          <pre style={{ margin: '4px 0', whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
            {of.before}
            {of.place !== null && <mark style={mark}>{of.wrong || ' '}</mark>}
            {of.after}
          </pre>
          {of.message}
        </>
      }
    />
  );
}

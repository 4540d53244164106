import { Form, Input } from 'antd';
import { useTexts } from '@/i18n';
import { matchersOf } from './values';

/** Conditions on labels, one a line, as the command line has them. */
export function MatcherField({
  name,
  label,
  isNeeded,
}: {
  name: string | [string, string];
  label: string;
  isNeeded: boolean;
}) {
  const t = useTexts().alerts;
  const check = (_: unknown, typed: string | undefined) => {
    const found = matchersOf(typed ?? '');
    if (found === null) return Promise.reject(t.matcherWrong);
    return found.length > 0 || !isNeeded ? Promise.resolve() : Promise.reject(t.needed);
  };
  return (
    <Form.Item
      name={name}
      label={label}
      extra={t.matchersHint}
      required={isNeeded}
      rules={[{ validator: check }]}
    >
      <Input.TextArea spellCheck={false} autoComplete="off" autoSize={{ minRows: 2, maxRows: 8 }} />
    </Form.Item>
  );
}

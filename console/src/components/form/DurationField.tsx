import { Form, Input } from 'antd';
import { isoDuration, useTexts } from '@/i18n';

/** A span of time as people write it, or in ISO-8601; the form holds what was typed, `isoDuration` is what the API takes. */
export function DurationField(props: {
  name: string | string[];
  label: string;
  /** Beside how it is written. */
  hint?: string;
  /** What is said where it is empty; else it may be. */
  needed?: string | undefined;
  /** Other texts that are right, as a cron schedule. */
  isAllowed?: (typed: string) => boolean;
}) {
  const t = useTexts().components.duration;
  const { needed, isAllowed } = props;
  const check = (_: unknown, typed: string | undefined) => {
    const text = (typed ?? '').trim();
    if (text === '') return needed === undefined ? Promise.resolve() : Promise.reject(needed);
    return isoDuration(text) !== null || isAllowed?.(text) ? Promise.resolve() : Promise.reject(t.wrong);
  };
  return (
    <Form.Item
      name={props.name}
      label={props.label}
      required={needed !== undefined}
      extra={[props.hint, t.hint].filter(Boolean).join(' ')}
      rules={[{ validator: check }]}
    >
      <Input spellCheck={false} autoComplete="off" maxLength={isAllowed === undefined ? 32 : 128} />
    </Form.Item>
  );
}

/** Five fields of cron. */
export const isCron = (typed: string) => typed.trim().split(/\s+/).length === 5;

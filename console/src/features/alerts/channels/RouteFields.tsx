import { Form, Input, Segmented, Switch } from 'antd';
import { DurationField } from '@/components/form/DurationField';
import { useTexts } from '@/i18n';
import { MatcherField } from '../silences/MatcherField';

const SEVERITIES = ['warning', 'critical'] as const;
const LANGUAGES = [
  { value: 'en', label: 'English' },
  { value: 'zh', label: '中文' },
];

/** Which alerts a channel is told of, and how often. */
export function RouteFields() {
  const t = useTexts().alerts;
  return (
    <>
      <Form.Item name={['route', 'min_severity']} label={t.route}>
        <Segmented block options={SEVERITIES.map((value) => ({ value, label: t.fromSeverity[value] }))} />
      </Form.Item>
      <MatcherField name={['route', 'matchers']} label={t.onlyMatching} isNeeded={false} />
      <DurationField
        name={['route', 'repeat_interval']}
        label={t.repeat}
        hint={t.repeatHint}
        needed={t.needed}
      />
      <Form.Item name={['route', 'send_resolved']} label={t.sendResolved}>
        <Switch />
      </Form.Item>
    </>
  );
}

/** How its messages are written, and whether any are sent. */
export function MessageFields() {
  const t = useTexts().alerts;
  return (
    <>
      <Form.Item name="language" label={t.languageOfMessages}>
        <Segmented block options={LANGUAGES} />
      </Form.Item>
      <Form.Item name="time_zone" label={t.timeZone} rules={[{ required: true, message: t.needed }]}>
        <Input spellCheck={false} autoComplete="off" maxLength={64} />
      </Form.Item>
      <Form.Item name="paused" label={t.paused} extra={t.pausedHint}>
        <Switch />
      </Form.Item>
    </>
  );
}

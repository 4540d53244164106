import { Alert, Card, Flex, Form, Input, InputNumber, Select, Switch } from 'antd';
import { HEADER_NAME } from '@/components/form/errors/patterns';
import { useTexts } from '@/i18n';
import { parseTags } from '../settingsForm';

export function SettingsFields() {
  const { service: t, versionFields: f, common } = useTexts();
  return (
    <Flex vertical gap="middle">
      <Card size="small" title={t.general}>
        <Form.Item name="description" label={common.description} extra={t.descriptionHint}>
          <Input.TextArea autoSize={{ minRows: 1, maxRows: 6 }} maxLength={4000} />
        </Form.Item>
        <Form.Item name="tags" label={common.tags} extra={t.tagsHint} rules={[{ validator: useTagRule() }]}>
          <Input.TextArea autoSize={{ minRows: 2, maxRows: 10 }} spellCheck={false} />
        </Form.Item>
      </Card>
      <Card size="small" title={t.access}>
        <Form.Item name="auth_enabled" label={t.auth} valuePropName="checked">
          <Switch checkedChildren={common.on} unCheckedChildren={common.off} />
        </Form.Item>
        <OpenWarning />
        <Form.Item name={['cors', 'allow_origins']} label={t.origins} extra={t.originsHint}>
          <Select mode="tags" open={false} suffixIcon={null} tokenSeparators={[' ', ',']} maxCount={64} />
        </Form.Item>
        <Form.Item
          name="sticky_header"
          label={t.stickyHeader}
          extra={t.stickyHint}
          rules={[{ pattern: HEADER_NAME, message: f.headerRule }]}
        >
          <Input placeholder="X-Penstock-Sticky" autoComplete="off" spellCheck={false} maxLength={64} />
        </Form.Item>
        <Form.Item name="max_body_bytes" label={t.maxBody}>
          <InputNumber min={0.001} max={256} suffix={t.maxBodyUnit} style={{ width: 160 }} />
        </Form.Item>
      </Card>
    </Flex>
  );
}

function OpenWarning() {
  const t = useTexts().service;
  const isOn = Form.useWatch<boolean>('auth_enabled');
  if (isOn !== false) return null;
  return <Alert type="warning" showIcon title={t.authWarning} style={{ marginBottom: 16 }} />;
}

function useTagRule() {
  const t = useTexts().service;
  return (_: unknown, value: string) => {
    const { wrong } = parseTags(value);
    return wrong === null ? Promise.resolve() : Promise.reject(new Error(t.tagWrong(wrong)));
  };
}

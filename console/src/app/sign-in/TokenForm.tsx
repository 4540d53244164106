import { Button, Form, Input } from 'antd';
import { useTexts } from '@/i18n';

export function TokenForm({ isBusy, submit }: { isBusy: boolean; submit: (token: string) => void }) {
  const t = useTexts().shell.signIn;
  return (
    <Form layout="vertical" onFinish={({ token }: { token: string }) => submit(token.trim())}>
      <Form.Item
        name="token"
        label={t.token}
        extra={t.tokenHint}
        rules={[{ required: true, whitespace: true, message: t.tokenNeeded }]}
      >
        <Input.Password autoComplete="current-password" autoFocus maxLength={16_384} />
      </Form.Item>
      <Button type="primary" htmlType="submit" block loading={isBusy}>
        {t.submit}
      </Button>
    </Form>
  );
}

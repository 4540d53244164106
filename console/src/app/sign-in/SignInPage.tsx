import { Button, Card, Form, Input, Typography } from 'antd';
import { asApiError, useSignIn } from '@/api';
import { ErrorNotice } from '@/components/ErrorNotice';
import { useTexts } from '@/i18n';

/** Shown wherever nobody is signed in; the address stays, so that signing in leads to the page that was asked for. */
export function SignInPage() {
  const t = useTexts().shell.signIn;
  const signIn = useSignIn();
  return (
    <main style={{ maxWidth: 420, margin: '12vh auto', padding: 16 }}>
      <Card>
        <Typography.Title level={1} style={{ fontSize: 22 }}>
          {t.title}
        </Typography.Title>
        {signIn.error !== null && <ErrorNotice error={asApiError(signIn.error)} />}
        <Form
          layout="vertical"
          onFinish={(values: { token: string }) => signIn.mutate({ token: values.token.trim() })}
        >
          <Form.Item
            name="token"
            label={t.token}
            extra={t.tokenHint}
            rules={[{ required: true, message: t.tokenNeeded }]}
          >
            <Input.Password autoComplete="current-password" autoFocus />
          </Form.Item>
          <Button type="primary" htmlType="submit" block loading={signIn.isPending}>
            {t.submit}
          </Button>
        </Form>
      </Card>
    </main>
  );
}

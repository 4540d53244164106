import { Form, Input, Segmented } from 'antd';
import { SecretField } from '@/components/form/SecretField';
import { useTexts } from '@/i18n';
import type { Credentials, DestinationValues } from '../values';

const KINDS: readonly Credentials[] = ['fresh', 'existing', 'none'];

/** What opens an object store: a secret that is there, keys that become one, or what the logger has by itself. */
export function CredentialFields() {
  const t = useTexts().destinations;
  const form = Form.useFormInstance<DestinationValues>();
  const kind = Form.useWatch('credentials', form);
  return (
    <>
      <Form.Item name="credentials" label={t.credentials}>
        <Segmented block options={KINDS.map((value) => ({ value, label: t.credentialKinds[value] }))} />
      </Form.Item>
      {kind === 'existing' && <SecretField kind="s3" texts={t} />}
      {kind === 'fresh' && <KeyFields />}
    </>
  );
}

function KeyFields() {
  const t = useTexts().destinations;
  const needed = [{ required: true, message: t.needed }];
  return (
    <>
      <Form.Item name="accessKey" label={t.accessKey} rules={needed}>
        <Input spellCheck={false} autoComplete="off" maxLength={65_536} />
      </Form.Item>
      <Form.Item name="secretKey" label={t.secretKey} rules={needed}>
        <Input.Password autoComplete="new-password" maxLength={65_536} />
      </Form.Item>
      <Form.Item name="sessionToken" label={t.sessionToken} extra={t.sessionTokenHint}>
        <Input.Password autoComplete="new-password" maxLength={65_536} />
      </Form.Item>
      <Form.Item name="secretName" label={t.secretName} extra={t.secretHint}>
        <Input spellCheck={false} autoComplete="off" maxLength={63} />
      </Form.Item>
    </>
  );
}

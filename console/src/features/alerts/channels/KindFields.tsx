import { Alert, Form, Input, InputNumber, Segmented, Select, Switch } from 'antd';
import type { Schemas } from '@/api';
import { SecretField } from '@/components/form/SecretField';
import { useI18n, useTexts } from '@/i18n';
import type { Field, KindForm } from './queries';
import { type ChannelValues, type Credentials, secretFields } from './values';

/** Every kind of channel that has secrets names them as itself. */
type SecretKind = Schemas['SecretView']['kind'];

/** What a channel of the chosen kind is made of, as the platform describes it. */
export function KindFields({ kinds }: { kinds: readonly KindForm[] }) {
  const { language } = useI18n();
  const kind = Form.useWatch('kind', Form.useFormInstance<ChannelValues>());
  const form = kinds.find((one) => one.kind === kind);
  if (form === undefined) return null;
  const own = form.fields.filter(({ is_secret: isSecret }) => !isSecret);
  return (
    <>
      <Alert type="info" title={form.help[language]} style={{ marginBottom: 16 }} />
      {own.map((field) => (
        <OneField key={`${form.kind} ${field.name}`} field={field} at="options" />
      ))}
      {secretFields(form).length > 0 && <SecretPart key={form.kind} form={form} />}
    </>
  );
}

function SecretPart({ form }: { form: KindForm }) {
  const t = useTexts().alerts;
  const kinds: readonly Credentials[] = form.needs_secret
    ? ['fresh', 'existing']
    : ['fresh', 'existing', 'none'];
  const chosen = Form.useWatch('credentials', Form.useFormInstance<ChannelValues>());
  return (
    <>
      <Form.Item name="credentials" label={t.credentials}>
        <Segmented block options={kinds.map((value) => ({ value, label: t.credentialKinds[value] }))} />
      </Form.Item>
      {chosen === 'fresh' &&
        secretFields(form).map((field) => <OneField key={field.name} field={field} at="data" />)}
      {chosen === 'existing' && <SecretField kind={form.kind as SecretKind} texts={t} />}
    </>
  );
}

function OneField({ field, at }: { field: Field; at: 'options' | 'data' }) {
  const t = useTexts().alerts;
  const { language } = useI18n();
  return (
    <Form.Item
      name={[at, field.name]}
      label={<code>{field.name}</code>}
      extra={field.help[language]}
      rules={field.is_required ? [{ required: true, message: t.needed }] : []}
    >
      <Control field={field} />
    </Form.Item>
  );
}

/** Gets value and change of its form field as further properties. */
function Control({ field, ...given }: { field: Field }) {
  const lines = { minRows: 2, maxRows: 6 };
  switch (field.type) {
    case 'number':
      return (
        <InputNumber
          {...given}
          style={{ width: '100%' }}
          min={field.minimum ?? 0}
          max={field.maximum ?? Number.MAX_SAFE_INTEGER}
        />
      );
    case 'flag':
      return <Switch {...given} />;
    case 'choice':
      return <Select {...given} options={(field.choices ?? []).map((value) => ({ value, label: value }))} />;
    case 'list':
    case 'map':
      return <Input.TextArea {...given} spellCheck={false} autoSize={lines} />;
    default:
      return field.is_secret ? (
        <Input.Password {...given} autoComplete="new-password" maxLength={65_536} />
      ) : (
        <Input {...given} spellCheck={false} autoComplete="off" />
      );
  }
}

import { useQuery } from '@tanstack/react-query';
import { Flex, Form, Input, InputNumber, Select } from 'antd';
import { type Schemas, secretsOfKind } from '@/api';
import { useTexts } from '@/i18n';
import { useFieldName } from '../place';
import { MountFields } from './MountFields';

/** A container image, how it is started, and where it is asked. */
export function ImageFields() {
  const { versionFields: t, common } = useTexts();
  const name = useFieldName();
  const field = (part: string) => name('model_source', 'image', part);
  const needed = [{ required: true, message: t.needed }];
  const text = (most: number) => <Input autoComplete="off" spellCheck={false} maxLength={most} />;
  return (
    <>
      <Form.Item name={field('image')} label={t.image.name} extra={t.image.nameHint} rules={needed}>
        {text(1024)}
      </Form.Item>
      <Form.Item name={field('credentials')} label={t.image.credentials} extra={t.image.credentialsHint}>
        <SecretSelect kind="registry" label={t.image.credentials} placeholder={common.none} />
      </Form.Item>
      <Flex gap="middle" wrap>
        <Form.Item name={field('port')} label={t.image.port} rules={needed}>
          <InputNumber min={1} max={65_535} precision={0} />
        </Form.Item>
        <Form.Item name={field('health_path')} label={t.image.healthPath} rules={needed}>
          {text(256)}
        </Form.Item>
        <Form.Item name={field('predict_path')} label={t.image.predictPath} rules={needed}>
          {text(256)}
        </Form.Item>
      </Flex>
      {(['command', 'args'] as const).map((words) => (
        <Form.Item key={words} name={field(words)} label={t.image[words]} extra={t.image.wordsHint}>
          <Select mode="tags" open={false} suffixIcon={null} maxCount={64} />
        </Form.Item>
      ))}
      <MountFields />
    </>
  );
}

/** None, or a secret of a kind. */
export function SecretSelect(props: {
  kind: Schemas['SecretView']['kind'];
  label: string;
  placeholder?: string;
  id?: string;
  value?: string;
  onChange?: (secret: string) => void;
}) {
  const t = useTexts().versionFields;
  const { data, isPending } = useQuery(secretsOfKind(props.kind));
  return (
    <Select
      {...(props.id === undefined ? {} : { id: props.id })}
      aria-label={props.label}
      placeholder={props.placeholder ?? props.label}
      allowClear
      style={{ minWidth: 200 }}
      value={props.value || null}
      loading={isPending}
      notFoundContent={t.image.noSecrets}
      options={(data ?? []).map(({ name, project }) => ({ value: name, label: `${name} (${project})` }))}
      onChange={(secret: string | null) => props.onChange?.(secret ?? '')}
    />
  );
}

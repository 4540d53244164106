import { DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import { Button, Flex, Form, Input, Select } from 'antd';
import { useTexts } from '@/i18n';
import { useFieldName, useValue } from '../place';
import { SecretSelect } from './ImageFields';
import { MOUNT_KINDS, type MountRow } from './image';

/** Which secret the files of a mount are had with, and in which field it stands; none: they stand in the version. */
const SECRETS = {
  artifact: { field: 'registry', kind: 'mlflow' },
  s3: { field: 'credentials', kind: 's3' },
  oci: { field: 'login', kind: 'registry' },
  file: undefined,
} as const;

/** Files that the containers of an image find: of an artifact, of a bucket, of another image, or given here. */
export function MountFields() {
  const t = useTexts().versionFields.image;
  const field = useFieldName();
  const [source] = useValue('model_source');
  const rows = source?.image?.mounts;
  return (
    <Form.Item label={t.mounts} extra={t.mountsHint}>
      <Form.List name={field('model_source', 'image', 'mounts')}>
        {(fields, { add, remove }) => (
          <Flex vertical gap="middle" align="start">
            {fields.map(({ key, name }) => (
              <Mount key={key} index={name} kind={rows?.[name]?.kind} onRemove={() => remove(name)} />
            ))}
            <Button icon={<PlusOutlined />} onClick={() => add({ kind: 'artifact' })}>
              {t.mountAdd}
            </Button>
          </Flex>
        )}
      </Form.List>
    </Form.Item>
  );
}

function Mount(props: { index: number; kind: MountRow['kind']; onRemove: () => void }) {
  const { image: t, needed } = useTexts().versionFields;
  const { index, kind = 'artifact', onRemove } = props;
  const input = (part: keyof MountRow, label: string, isNeeded = true) => (
    <Form.Item
      name={[index, part]}
      style={{ flex: '1 1 200px', marginBottom: 0 }}
      rules={isNeeded ? [{ required: true, message: `${label}: ${needed}` }] : []}
    >
      {part === 'content' ? (
        <Input.TextArea
          aria-label={label}
          placeholder={label}
          autoSize={{ minRows: 2, maxRows: 12 }}
          maxLength={32_768}
        />
      ) : (
        <Input
          aria-label={label}
          placeholder={label}
          autoComplete="off"
          spellCheck={false}
          maxLength={part === 'path' ? 512 : 1024}
        />
      )}
    </Form.Item>
  );
  const secret = SECRETS[kind];
  return (
    <Flex gap="small" wrap style={{ width: '100%' }}>
      <Form.Item name={[index, 'kind']} noStyle>
        <Select
          aria-label={t.mountKind}
          style={{ width: 160 }}
          options={MOUNT_KINDS.map((value) => ({ value, label: t.mountKinds[value] }))}
        />
      </Form.Item>
      {input('path', t.mountPath)}
      {kind === 'file' ? input('content', t.content) : input('uri', t.uris[kind])}
      {secret !== undefined && (
        <Form.Item name={[index, secret.field]} style={{ marginBottom: 0 }}>
          <SecretSelect kind={secret.kind} label={t.secret} />
        </Form.Item>
      )}
      {kind === 's3' && input('endpoint', t.endpoint, false)}
      <Button type="text" icon={<DeleteOutlined />} aria-label={t.mountRemove} onClick={onRemove} />
    </Flex>
  );
}

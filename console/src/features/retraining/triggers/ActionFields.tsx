import { useQuery } from '@tanstack/react-query';
import { Form, Input, Select } from 'antd';
import { secretsQuery } from '@/api';
import { useTexts } from '@/i18n';
import { JobFields } from './JobFields';
import { ACTIONS, type ActionKind, isJsonObject, type TriggerValues } from './values';

type Field = 'url' | 'dag_id' | 'namespace' | 'template' | 'entrypoint' | 'repository' | 'event_type';

const FIELDS: Record<ActionKind, readonly (readonly [field: Field, isNeeded: boolean])[]> = {
  job: [],
  webhook: [['url', true]],
  airflow: [
    ['url', true],
    ['dag_id', true],
  ],
  argo: [
    ['url', true],
    ['namespace', true],
    ['template', true],
    ['entrypoint', false],
  ],
  github: [
    ['repository', true],
    ['event_type', true],
    ['url', false],
  ],
};

const LONGEST: Record<Field, number> = {
  url: 1024,
  dag_id: 250,
  namespace: 253,
  template: 253,
  entrypoint: 253,
  repository: 140,
  event_type: 100,
};

/** What is run, and where. */
export function ActionFields() {
  const { retraining: t } = useTexts();
  const isObject = (_: unknown, typed: string | undefined) =>
    isJsonObject(typed ?? '') ? Promise.resolve() : Promise.reject(t.confWrong);
  const kind = Form.useWatch(['action', 'kind'], Form.useFormInstance<TriggerValues>()) ?? 'job';
  return (
    <>
      <Form.Item name={['action', 'kind']} label={t.what}>
        <Select options={ACTIONS.map((value) => ({ value, label: t.actions[value] }))} />
      </Form.Item>
      {FIELDS[kind].map(([field, isNeeded]) => (
        <Form.Item
          key={`${kind} ${field}`}
          name={['action', field]}
          label={t.fields[field]}
          rules={isNeeded ? [{ required: true, message: t.needed }] : []}
        >
          <Input spellCheck={false} autoComplete="off" maxLength={LONGEST[field]} />
        </Form.Item>
      ))}
      {kind === 'argo' && (
        <Form.Item name={['action', 'parameters']} label={t.parameters} extra={t.pairsHint}>
          <Input.TextArea spellCheck={false} autoComplete="off" autoSize={{ minRows: 1, maxRows: 6 }} />
        </Form.Item>
      )}
      {kind === 'airflow' && (
        <Form.Item
          name={['action', 'conf']}
          label={t.conf}
          extra={t.confHint}
          rules={[{ validator: isObject }]}
        >
          <Input.TextArea spellCheck={false} autoComplete="off" autoSize={{ minRows: 1, maxRows: 6 }} />
        </Form.Item>
      )}
      {kind === 'job' ? <JobFields /> : <SecretField kind={kind} />}
    </>
  );
}

/** What opens the other system; of a webhook it signs. */
function SecretField({ kind }: { kind: ActionKind }) {
  const { retraining: t } = useTexts();
  const { data, isPending } = useQuery(secretsQuery);
  const wanted = kind === 'webhook' ? 'webhook' : 'http';
  const own = (data ?? []).filter((secret) => secret.kind === wanted);
  return (
    <Form.Item name="secret" label={t.secret} extra={t.secretHint(wanted)}>
      <Select
        allowClear
        loading={isPending}
        notFoundContent={t.noSecrets(wanted)}
        options={own.map(({ name }) => ({ value: name, label: name }))}
      />
    </Form.Item>
  );
}

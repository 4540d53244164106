import { Alert, Form, Input, Segmented } from 'antd';
import { useWrite } from '@/api';
import { FormModal } from '@/components/form/FormModal';
import { useTexts } from '@/i18n';
import { BYS, lines, type OrderValues, orderOf } from './order';
import { type Erasure, orderErasure } from './queries';

/** Orders an erasure; the name of the service is typed in, since nothing brings the rows back. */
export function OrderErasure(props: {
  service: string;
  onClose: () => void;
  onOrdered: (made: Erasure) => void;
}) {
  const t = useTexts().erasures;
  const { service } = props;
  const write = useWrite('erasures', (values: OrderValues) => orderErasure(service, orderOf(values)));
  return (
    <FormModal<OrderValues>
      title={t.order}
      action={t.erase}
      isDanger
      initial={{ by: 'client_request_ids' }}
      submit={async (values) => props.onOrdered(await write.mutateAsync(values))}
      onClose={props.onClose}
    >
      <Alert type="warning" showIcon title={t.orderHint} style={{ marginBottom: 16 }} />
      <Form.Item name="by" label={t.by}>
        <Segmented options={BYS.map((value) => ({ value, label: t.bys[value] }))} block />
      </Form.Item>
      <Subjects />
      <Form.Item
        name="confirm"
        label={t.typeName(service)}
        rules={[
          { required: true, message: t.wrongName },
          {
            validator: (_, value) =>
              !value || value === service ? Promise.resolve() : Promise.reject(t.wrongName),
          },
        ]}
      >
        <Input autoComplete="off" spellCheck={false} maxLength={63} />
      </Form.Item>
    </FormModal>
  );
}

function Subjects() {
  const t = useTexts().erasures;
  const by = Form.useWatch('by', Form.useFormInstance<OrderValues>()) ?? 'client_request_ids';
  if (by === 'client_request_ids') return <Lines name="client_request_ids" label={t.clientIds} />;
  if (by === 'request_ids') return <Lines name="request_ids" label={t.requestIds} />;
  return (
    <>
      <Form.Item
        name="column"
        label={t.column}
        rules={[{ required: true, whitespace: true, message: t.needed }]}
      >
        <Input autoComplete="off" spellCheck={false} maxLength={256} />
      </Form.Item>
      <Lines name="values" label={t.values} />
    </>
  );
}

function Lines({ name, label }: { name: 'client_request_ids' | 'request_ids' | 'values'; label: string }) {
  const t = useTexts().erasures;
  return (
    <Form.Item
      name={name}
      label={label}
      rules={[
        { validator: (_, typed) => (lines(typed).length > 0 ? Promise.resolve() : Promise.reject(t.needed)) },
      ]}
    >
      <Input.TextArea autoComplete="off" spellCheck={false} autoSize={{ minRows: 3, maxRows: 10 }} />
    </Form.Item>
  );
}

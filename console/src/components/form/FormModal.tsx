import { Form, Modal } from 'antd';
import { type ReactNode, useState } from 'react';
import { useTexts } from '@/i18n';
import { FormNotice } from './errors/FormNotice';
import { TO_FIELD, useFieldErrors } from './errors/fieldErrors';

export const STAYS_OPEN = Symbol('stays open');

/** A form in a dialog: what the server refuses is shown at its field, and nothing that was typed is lost. */
export function FormModal<T extends object>(props: {
  title: string;
  action?: string;
  /** Nothing brings back what it does. */
  isDanger?: boolean;
  initial?: Partial<T>;
  /** Resolves once it is done, with `STAYS_OPEN` where it is not over; what it throws is shown. */
  submit: (values: T) => Promise<unknown>;
  onClose: () => void;
  children: ReactNode;
}) {
  const t = useTexts().common;
  const [form] = Form.useForm<T>();
  const [isBusy, setBusy] = useState(false);
  const errors = useFieldErrors(form);
  const finish = async (values: T) => {
    errors.clear();
    setBusy(true);
    try {
      if ((await props.submit(values)) !== STAYS_OPEN) props.onClose();
    } catch (thrown) {
      errors.show(thrown);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      open
      title={props.title}
      okText={props.action ?? t.save}
      okButtonProps={{ danger: props.isDanger === true }}
      confirmLoading={isBusy}
      onOk={() => form.submit()}
      onCancel={props.onClose}
    >
      <FormNotice error={errors.error} />
      <Form
        form={form}
        layout="vertical"
        initialValues={props.initial ?? {}}
        scrollToFirstError={TO_FIELD}
        onFinish={(values) => void finish(values as T)}
      >
        {props.children}
      </Form>
    </Modal>
  );
}

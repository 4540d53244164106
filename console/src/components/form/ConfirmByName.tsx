import { Form, Input, Modal } from 'antd';
import { type ReactNode, useState } from 'react';
import type { ApiError } from '@/api';
import { useTexts } from '@/i18n';
import { ErrorNotice } from '../page/ErrorNotice';

/** Asks for the name of what is about to be lost, before it is. */
export function ConfirmByName(props: {
  isOpen: boolean;
  name: string;
  title: string;
  /** What will be gone, in a sentence. */
  children: ReactNode;
  action: string;
  isBusy?: boolean;
  error?: ApiError | null;
  onConfirm: () => void;
  onCancel: () => void;
}) {
  const t = useTexts().components.confirm;
  const [typed, setTyped] = useState('');
  const isRight = typed === props.name;
  return (
    <Modal
      title={props.title}
      open={props.isOpen}
      okText={props.action}
      okButtonProps={{ danger: true, disabled: !isRight, loading: props.isBusy ?? false }}
      onOk={props.onConfirm}
      onCancel={props.onCancel}
      afterClose={() => setTyped('')}
      destroyOnHidden
    >
      {props.error && <ErrorNotice error={props.error} />}
      <p>{props.children}</p>
      <Form layout="vertical" onFinish={() => isRight && props.onConfirm()}>
        <Form.Item label={t.typeName(props.name)} htmlFor="confirm-by-name">
          <Input
            id="confirm-by-name"
            autoFocus
            autoComplete="off"
            spellCheck={false}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        </Form.Item>
      </Form>
    </Modal>
  );
}

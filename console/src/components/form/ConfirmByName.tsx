import { Form, Input, Modal } from 'antd';
import { type ReactNode, useState } from 'react';
import { type ApiError, asApiError } from '@/api';
import { useTexts } from '@/i18n';
import { ErrorNotice } from '../page/ErrorNotice';

/** Asks for the name of what is about to be lost, before it is; open as long as it is there. */
export function ConfirmByName(props: {
  name: string;
  title: string;
  /** What will be gone, in a sentence. */
  children: ReactNode;
  /** What the button says; *Delete* by default. */
  action?: string;
  /** Resolves once it is done; what it throws is shown. */
  confirm: () => Promise<unknown>;
  onClose: () => void;
}) {
  const { components, common } = useTexts();
  const [isOpen, setOpen] = useState(true);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const [typed, setTyped] = useState('');
  const isRight = typed === props.name;
  const confirm = async () => {
    if (!isRight || isBusy) return;
    setError(null);
    setBusy(true);
    try {
      await props.confirm();
      setOpen(false);
    } catch (thrown) {
      setError(asApiError(thrown));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      title={props.title}
      open={isOpen}
      okText={props.action ?? common.delete}
      okButtonProps={{ danger: true, disabled: !isRight, loading: isBusy }}
      onOk={() => void confirm()}
      onCancel={() => setOpen(false)}
      afterClose={props.onClose}
      destroyOnHidden
    >
      {error && <ErrorNotice error={error} />}
      <p>{props.children}</p>
      <Form layout="vertical" onFinish={() => void confirm()}>
        <Form.Item label={components.confirm.typeName(props.name)} htmlFor="confirm-by-name">
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

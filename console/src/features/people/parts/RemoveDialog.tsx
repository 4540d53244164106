import { asApiError } from '@/api';
import { ConfirmByName } from '@/components/form/ConfirmByName';
import { useTexts } from '@/i18n';
import { usePeopleWrite } from '../queries';

/** Takes something away once its name was typed. */
export function RemoveDialog(props: {
  name: string;
  title: string;
  hint: string;
  action?: string;
  remove: () => Promise<unknown>;
  onClose: () => void;
}) {
  const t = useTexts().common;
  const write = usePeopleWrite(props.remove);
  return (
    <ConfirmByName
      isOpen
      name={props.name}
      title={props.title}
      action={props.action ?? t.delete}
      isBusy={write.isPending}
      error={write.error && asApiError(write.error)}
      onConfirm={() => write.mutate(undefined, { onSuccess: props.onClose })}
      onCancel={props.onClose}
    >
      {props.hint}
    </ConfirmByName>
  );
}

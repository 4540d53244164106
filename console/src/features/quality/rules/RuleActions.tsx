import { App, Button, Flex } from 'antd';
import { useState } from 'react';
import { asApiError } from '@/api';
import { ConfirmByName } from '@/components/form/ConfirmByName';
import { useTexts } from '@/i18n';
import { RuleForm } from '../form/RuleForm';
import { deleteRule, type Rule, runRule, useRuleWrite } from '../queries';

/** Run now, edit, delete. `onDeleted`: where to go then. */
export function RuleActions({ of, onDeleted }: { of: Rule; onDeleted?: () => void }) {
  const { quality: t, common } = useTexts();
  const { message } = App.useApp();
  const run = useRuleWrite(runRule);
  const [open, setOpen] = useState<'edit' | 'delete' | null>(null);
  const close = () => setOpen(null);
  const start = () =>
    run.mutate(of, {
      onSuccess: () => void message.success(t.started(of.name)),
      onError: (thrown) => void message.error(asApiError(thrown).message),
    });
  return (
    <>
      <Flex gap="small">
        <Button size="small" loading={run.isPending} disabled={of.is_running === true} onClick={start}>
          {t.run}
        </Button>
        <Button size="small" onClick={() => setOpen('edit')}>
          {common.edit}
        </Button>
        <Button size="small" danger onClick={() => setOpen('delete')}>
          {common.delete}
        </Button>
      </Flex>
      {open === 'edit' && <RuleForm service={of.service} of={of} onClose={close} />}
      {open === 'delete' && <Remove of={of} onClose={close} onDeleted={onDeleted} />}
    </>
  );
}

function Remove(props: { of: Rule; onClose: () => void; onDeleted?: (() => void) | undefined }) {
  const t = useTexts().quality;
  const { of } = props;
  const remove = useRuleWrite(deleteRule);
  return (
    <ConfirmByName
      name={of.name}
      title={t.remove(of.name)}
      confirm={async () => {
        await remove.mutateAsync(of);
        props.onDeleted?.();
      }}
      onClose={props.onClose}
    >
      {t.removeHint}
    </ConfirmByName>
  );
}

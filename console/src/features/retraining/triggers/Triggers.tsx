import { useQuery } from '@tanstack/react-query';
import { Button, Flex } from 'antd';
import { useState } from 'react';
import { AsCode } from '@/components/code/AsCode';
import { ConfirmByName } from '@/components/form/ConfirmByName';
import { ListCard } from '@/components/page/ListCard';
import { Muted } from '@/components/text/Muted';
import { ToneTag } from '@/components/text/StatusTag';
import { useFormats, useTexts } from '@/i18n';
import { codeForms } from '../code';
import { deleteTrigger, type Trigger, triggersQuery, useRetrainingWrite } from '../queries';
import { StartForm } from './StartForm';
import { TriggerForm } from './TriggerForm';

type Open = { kind: 'new' } | { kind: 'start' | 'edit' | 'delete'; of: Trigger } | null;

/** When and by what the model is trained anew. */
export function Triggers({ service, mayEdit }: { service: string; mayEdit: boolean }) {
  const { retraining: t, common } = useTexts();
  const query = useQuery(triggersQuery(service));
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  return (
    <>
      <ListCard<Trigger>
        texts={{ title: t.triggers, empty: t.noTriggers, emptyHint: t.noTriggersHint }}
        query={query}
        rowKey={({ name }) => name}
        actions={
          <>
            <AsCode forms={codeForms(service, query.data?.[0]?.name)} />
            {mayEdit && (
              <Button type="primary" onClick={() => setOpen({ kind: 'new' })}>
                {t.newTrigger}
              </Button>
            )}
          </>
        }
        rowActions={
          mayEdit &&
          ((of) => (
            <Flex gap="small">
              <Button size="small" onClick={() => setOpen({ kind: 'start', of })}>
                {t.startNow}
              </Button>
              <Button size="small" onClick={() => setOpen({ kind: 'edit', of })}>
                {common.edit}
              </Button>
              <Button size="small" danger onClick={() => setOpen({ kind: 'delete', of })}>
                {common.delete}
              </Button>
            </Flex>
          ))
        }
        columns={[
          { title: common.name, dataIndex: 'name' },
          { title: t.runs, key: 'action', render: (_, of) => <What of={of} /> },
          { title: t.when, key: 'when', render: (_, of) => <When of={of} /> },
          { title: t.guards, key: 'guards', render: (_, of) => <Guards of={of} /> },
        ]}
      />
      {(open?.kind === 'new' || open?.kind === 'edit') && (
        <TriggerForm service={service} of={open.kind === 'edit' ? open.of : null} onClose={close} />
      )}
      {open?.kind === 'start' && <StartForm of={open.of} onClose={close} />}
      {open?.kind === 'delete' && <Remove of={open.of} onClose={close} />}
    </>
  );
}

function What({ of }: { of: Trigger }) {
  const { retraining: t } = useTexts();
  const { action } = of;
  const where =
    'repository' in action ? action.repository : 'url' in action ? action.url : action.command?.join(' ');
  return (
    <div style={{ maxWidth: 280 }}>
      {t.actions[action.kind]}
      <Muted isLine>{where}</Muted>
      <Muted isLine>{t.thens[of.then.publish]}</Muted>
    </div>
  );
}

function When({ of }: { of: Trigger }) {
  const { retraining: t } = useTexts();
  const labels = Object.entries(of.on_alert?.labels ?? {}).map(([name, value]) => `${name}=${value}`);
  if (of.paused) return <ToneTag tone="draft">{t.paused}</ToneTag>;
  return (
    <div style={{ maxWidth: 260 }}>
      {of.on_alert && <div>{t.onAlert[of.on_alert.severity ?? 'critical']}</div>}
      {labels.length > 0 && <Muted isLine>{labels.join(', ')}</Muted>}
      {of.schedule && <div>{t.bySchedule(of.schedule)}</div>}
      {of.on_alert === null && of.schedule === null && t.byHand}
    </div>
  );
}

function Guards({ of }: { of: Trigger }) {
  const { retraining: t } = useTexts();
  const formats = useFormats();
  const { cool_down: coolDown, max_per_day: most, min_label_coverage: coverage } = of.guards;
  return (
    <>
      <div>{t.guardsSaid(coolDown, most)}</div>
      {coverage != null && <Muted>{t.coverageSaid(formats.percent(coverage))}</Muted>}
    </>
  );
}

function Remove({ of, onClose }: { of: Trigger; onClose: () => void }) {
  const { retraining: t } = useTexts();
  const remove = useRetrainingWrite(deleteTrigger);
  return (
    <ConfirmByName
      name={of.name}
      title={t.remove(of.name)}
      confirm={() => remove.mutateAsync(of)}
      onClose={onClose}
    >
      {t.removeHint}
    </ConfirmByName>
  );
}

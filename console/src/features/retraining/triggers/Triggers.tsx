import { useQuery } from '@tanstack/react-query';
import { AsCode } from '@/components/code/AsCode';
import { EditableList } from '@/components/list/EditableList';
import { Muted } from '@/components/text/Muted';
import { ToneTag } from '@/components/text/StatusTag';
import { useFormats, useTexts } from '@/i18n';
import { codeForms } from '../code';
import { deleteTrigger, type Trigger, triggersQuery, useRetrainingWrite } from '../queries';
import { StartForm } from './StartForm';
import { TriggerForm } from './TriggerForm';

/** When and by what the model is trained anew. */
export function Triggers({ service, mayEdit }: { service: string; mayEdit: boolean }) {
  const { retraining: t, common } = useTexts();
  const query = useQuery(triggersQuery(service));
  const remove = useRetrainingWrite(deleteTrigger);
  return (
    <EditableList<Trigger>
      texts={{ title: t.triggers, empty: t.noTriggers, emptyHint: t.noTriggersHint }}
      query={query}
      actions={<AsCode forms={codeForms(service, query.data?.[0]?.name)} />}
      create={mayEdit && t.newTrigger}
      mayChange={() => mayEdit}
      form={(of, close) => <TriggerForm service={service} of={of} onClose={close} />}
      dialogs={[{ label: t.startNow, content: (of, close) => <StartForm of={of} onClose={close} /> }]}
      remove={{ title: t.remove, hint: t.removeHint, run: (of) => remove.mutateAsync(of) }}
      columns={[
        { title: common.name, key: 'name', render: (_, of) => <div style={NAME}>{of.name}</div> },
        { title: t.runs, key: 'action', render: (_, of) => <What of={of} /> },
        { title: t.when, key: 'when', render: (_, of) => <When of={of} /> },
        { title: t.guards, key: 'guards', render: (_, of) => <Guards of={of} /> },
      ]}
    />
  );
}

const NAME = { maxWidth: 140, whiteSpace: 'normal', overflowWrap: 'anywhere' } as const;

function What({ of }: { of: Trigger }) {
  const { retraining: t } = useTexts();
  const { action } = of;
  const where =
    'repository' in action ? action.repository : 'url' in action ? action.url : action.command?.join(' ');
  return (
    <div style={{ maxWidth: 210 }}>
      {t.actions[action.kind]}
      <Muted isLine>{where}</Muted>
      <Muted isLine>{t.thens[of.then.publish]}</Muted>
    </div>
  );
}

function When({ of }: { of: Trigger }) {
  const { retraining: t } = useTexts();
  const formats = useFormats();
  const labels = Object.entries(of.on_alert?.labels ?? {}).map(([name, value]) => `${name}=${value}`);
  if (of.paused) return <ToneTag tone="draft">{t.paused}</ToneTag>;
  return (
    <div style={{ maxWidth: 180, whiteSpace: 'normal' }}>
      {of.on_alert && <div>{t.onAlert[of.on_alert.severity ?? 'critical']}</div>}
      {labels.length > 0 && <Muted isLine>{labels.join(', ')}</Muted>}
      {of.schedule && <div>{t.bySchedule(formats.span(of.schedule))}</div>}
      {of.on_alert === null && of.schedule === null && t.byHand}
    </div>
  );
}

function Guards({ of }: { of: Trigger }) {
  const { retraining: t } = useTexts();
  const formats = useFormats();
  const { cool_down: coolDown, max_per_day: most, min_label_coverage: coverage } = of.guards;
  return (
    <div style={{ maxWidth: 170, whiteSpace: 'normal' }}>
      <div>{t.guardsSaid(formats.span(coolDown), most)}</div>
      {coverage != null && <Muted>{t.coverageSaid(formats.percent(coverage))}</Muted>}
    </div>
  );
}

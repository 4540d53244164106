import { Form, Input, Segmented } from 'antd';
import { editableProjects, useSession } from '@/api';
import { ProjectField } from '@/components/form/ProjectField';
import { DefinitionForm } from '@/components/review/DefinitionForm';
import { useTexts } from '@/i18n';
import { createSilence, readSilence, replaceSilence, type Silence, useAlertWrite } from '../queries';
import { MatcherField } from './MatcherField';
import { MomentField } from './MomentField';
import { type SilenceValues, SPANS, silenceOf, silenceValues } from './values';

/** A new silence, or another end of one; from an alert it begins with what that is. */
export function SilenceForm(props: {
  of: Silence | null;
  project: string | null;
  matchers: string;
  onClose: () => void;
}) {
  const { alerts: t } = useTexts();
  const session = useSession();
  const { of } = props;
  const create = useAlertWrite((values: SilenceValues) =>
    createSilence({ ...silenceOf(values, Date.now()), project: values.project || null }),
  );
  const replace = useAlertWrite(({ onto, values }: { onto: Silence; values: SilenceValues }) =>
    replaceSilence(onto, silenceOf(values, Date.now())),
  );
  return (
    <DefinitionForm<Silence, SilenceValues>
      of={of}
      title={of === null ? t.newSilence : t.editSilence}
      action={t.silence}
      valuesOf={(silence) => silenceValues(silence, props.project, props.matchers)}
      create={(values) => create.mutateAsync(values)}
      replace={(onto, values) => replace.mutateAsync({ onto, values })}
      read={readSilence}
      definitionOf={(values) => silenceOf(values, Date.now())}
      onClose={props.onClose}
    >
      <p>{t.silenceHint}</p>
      {of === null && <ProjectField projects={editableProjects(session)} texts={t} />}
      <MatcherField name="matchers" label={t.matchers} isNeeded />
      <MomentField name="starts_at" label={t.startsAt} hint={t.startsNow} />
      <Form.Item name="hours" label={t.howLong}>
        <Segmented block options={SPANS.map((value) => ({ value, label: t.spans[value] }))} />
      </Form.Item>
      <OwnEnd />
      <Form.Item name="comment" label={t.comment}>
        <Input.TextArea rows={2} maxLength={4000} />
      </Form.Item>
    </DefinitionForm>
  );
}

function OwnEnd() {
  const t = useTexts().alerts;
  const hours = Form.useWatch('hours', Form.useFormInstance<SilenceValues>());
  return hours === '' ? <MomentField name="ends_at" label={t.endsAt} needed={t.needed} /> : null;
}

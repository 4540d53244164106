import { Form, Input, Segmented, Select } from 'antd';
import { editableProjects, useSession } from '@/api';
import { FormModal } from '@/components/form/FormModal';
import { useTexts } from '@/i18n';
import { createSilence, replaceSilence, type Silence, useAlertWrite } from '../queries';
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
  const { of } = props;
  const begin = silenceValues(of, props.project, props.matchers);
  const write = useAlertWrite((values: SilenceValues) => {
    const body = silenceOf(values, Date.now());
    return of === null
      ? createSilence({ ...body, project: values.project || null })
      : replaceSilence(of, { ...body, starts_at: of.starts_at });
  });
  return (
    <FormModal<SilenceValues>
      title={of === null ? t.newSilence : t.editSilence}
      {...(of === null && { action: t.silence })}
      initial={begin}
      submit={(values) => write.mutateAsync({ ...begin, ...values })}
      onClose={props.onClose}
    >
      <p>{t.silenceHint}</p>
      {of === null && <ProjectField />}
      <MatcherField name="matchers" label={t.matchers} isNeeded />
      <Form.Item name="hours" label={t.howLong}>
        <Segmented block options={SPANS.map((value) => ({ value, label: t.spans[value] }))} />
      </Form.Item>
      <OwnEnd />
      <Form.Item name="comment" label={t.comment}>
        <Input.TextArea rows={2} maxLength={4000} />
      </Form.Item>
    </FormModal>
  );
}

function OwnEnd() {
  const t = useTexts().alerts;
  const hours = Form.useWatch('hours', Form.useFormInstance<SilenceValues>());
  return hours === '' ? <MomentField name="ends_at" label={t.endsAt} /> : null;
}

/** Whose alerts it is about. */
export function ProjectField() {
  const t = useTexts().alerts;
  const session = useSession();
  return (
    <Form.Item name="project" label={t.whose}>
      <Select
        options={[
          ...(session.is_admin ? [{ value: '', label: t.everybody }] : []),
          ...editableProjects(session).map((value) => ({ value, label: value })),
        ]}
      />
    </Form.Item>
  );
}

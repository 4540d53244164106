import { useQuery } from '@tanstack/react-query';
import { Form, Select, Skeleton } from 'antd';
import { isAllowed, useSession } from '@/api';
import { NameField } from '@/components/form/NameFields';
import { ProjectField } from '@/components/form/ProjectField';
import { useTypedSecret } from '@/components/form/typedSecret';
import { DefinitionForm } from '@/components/review/DefinitionForm';
import { useI18n, useTexts } from '@/i18n';
import { useAlertWrite } from '../queries';
import { KindFields } from './KindFields';
import {
  type Channel,
  createChannel,
  type KindForm,
  kindsQuery,
  readChannel,
  replaceChannel,
} from './queries';
import { MessageFields, RouteFields } from './RouteFields';
import { type ChannelValues, channelOf, channelValues, defaultsOf, newChannelOf, secretOf } from './values';

/** A new channel, or another definition of one, once it is known what its kind is made of. */
export function ChannelForm(props: { of: Channel | null; onClose: () => void }) {
  const { data: kinds } = useQuery(kindsQuery);
  return kinds === undefined ? <Skeleton active /> : <Loaded {...props} kinds={kinds} />;
}

interface Props {
  of: Channel | null;
  kinds: readonly KindForm[];
  onClose: () => void;
}

function Loaded({ of, kinds, onClose }: Props) {
  const t = useTexts().alerts;
  const { language } = useI18n();
  const session = useSession();
  const own = Object.keys(session.roles).filter((name) => isAllowed(session, 'admin', name));
  const project = session.is_admin ? '' : (own[0] ?? '');
  const formOf = (kind: string | undefined) => kinds.find((one) => one.kind === kind);
  const saveSecret = useTypedSecret();
  const write = useAlertWrite(async ({ values, onto }: { values: ChannelValues; onto: Channel | null }) => {
    const form = formOf(values.kind);
    const fresh = secretOf(values, form);
    const secret = fresh === null ? values.secret || null : await saveSecret(fresh);
    return onto === null
      ? createChannel(newChannelOf(values, form, secret))
      : replaceChannel(onto, channelOf(values, form, secret));
  });
  return (
    <DefinitionForm<Channel, ChannelValues>
      of={of}
      title={of === null ? t.newChannel : t.editChannel(of.name)}
      valuesOf={(channel) => channelValues(channel, project, language, formOf(channel?.kind) ?? kinds[0])}
      create={(values) => write.mutateAsync({ values, onto: null })}
      replace={(onto, values) => write.mutateAsync({ values, onto })}
      read={readChannel}
      definitionOf={(values) => channelOf(values, formOf(values.kind), values.secret || null)}
      onClose={onClose}
    >
      {of === null && (
        <>
          <NameField />
          <ProjectField projects={own} texts={t} />
        </>
      )}
      <KindField kinds={kinds} isFixed={of !== null} />
      <KindFields kinds={kinds} />
      <RouteFields />
      <MessageFields />
    </DefinitionForm>
  );
}

/** Another kind begins with the defaults of its own options. */
function KindField({ kinds, isFixed }: { kinds: readonly KindForm[]; isFixed: boolean }) {
  const t = useTexts().alerts;
  const { language } = useI18n();
  const form = Form.useFormInstance<ChannelValues>();
  const change = (kind: string) => {
    const chosen = kinds.find((one) => one.kind === kind);
    form.setFieldsValue({ options: chosen === undefined ? {} : defaultsOf(chosen), data: {} });
  };
  return (
    <Form.Item name="kind" label={t.kindOfChannel}>
      <Select
        disabled={isFixed}
        onChange={change}
        options={kinds.map(({ kind, name }) => ({ value: kind, label: name[language] }))}
      />
    </Form.Item>
  );
}

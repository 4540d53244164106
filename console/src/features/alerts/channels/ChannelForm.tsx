import { useQuery } from '@tanstack/react-query';
import { Form, Select, Skeleton } from 'antd';
import { useRef } from 'react';
import { isAllowed, useSession } from '@/api';
import { FormModal } from '@/components/form/FormModal';
import { NameField } from '@/components/form/NameFields';
import { useI18n, useTexts } from '@/i18n';
import { useAlertWrite } from '../queries';
import { KindFields } from './KindFields';
import {
  type Channel,
  createChannel,
  createSecret,
  type KindForm,
  kindsQuery,
  replaceChannel,
} from './queries';
import { MessageFields, RouteFields } from './RouteFields';
import { type ChannelValues, channelOf, channelValues, defaultsOf, secretOf } from './values';

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
  const { alerts: t, common } = useTexts();
  const { language } = useI18n();
  const session = useSession();
  const made = useRef<string | null>(null);
  const own = Object.keys(session.roles).filter((name) => isAllowed(session, 'admin', name));
  const first = kinds.find(({ kind }) => kind === of?.kind) ?? kinds[0];
  const begin = channelValues(of, session.is_admin ? '' : (own[0] ?? ''), language, first);
  const write = useAlertWrite(async (values: ChannelValues) => {
    const form = kinds.find(({ kind }) => kind === values.kind);
    if (form === undefined) return;
    const fresh = secretOf(values, form);
    // A second try after a refused definition uses the secret that the first one made.
    if (fresh !== null && made.current !== fresh.name) made.current = (await createSecret(fresh)).name;
    const body = channelOf(values, form, fresh === null ? values.secret || null : made.current);
    if (of !== null) return void (await replaceChannel(of, body));
    await createChannel({ ...body, name: values.name.trim(), project: values.project || null });
  });
  return (
    <FormModal<ChannelValues>
      title={of === null ? t.newChannel : t.editChannel(of.name)}
      {...(of === null && { action: common.create })}
      initial={begin}
      submit={(values) =>
        write.mutateAsync({ ...begin, ...values, route: { ...begin.route, ...values.route } })
      }
      onClose={onClose}
    >
      {of === null && (
        <>
          <NameField />
          <Form.Item name="project" label={t.whose}>
            <Select
              options={[
                ...(session.is_admin ? [{ value: '', label: t.everybody }] : []),
                ...own.map((value) => ({ value, label: value })),
              ]}
            />
          </Form.Item>
        </>
      )}
      <KindField kinds={kinds} isFixed={of !== null} />
      <KindFields kinds={kinds} />
      <RouteFields />
      <MessageFields />
    </FormModal>
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

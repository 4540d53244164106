import { useQuery } from '@tanstack/react-query';
import { Form, Input, Switch } from 'antd';
import { isAllowed, projectsQuery, useSession } from '@/api';
import { NameField } from '@/components/form/NameFields';
import { ProjectField } from '@/components/form/ProjectField';
import { useTypedSecret } from '@/components/form/typedSecret';
import { DefinitionForm } from '@/components/review/DefinitionForm';
import { useTexts } from '@/i18n';
import {
  createDestination,
  type Destination,
  readDestination,
  replaceDestination,
  useDestinationWrite,
} from '../queries';
import {
  type DestinationValues,
  definitionOf,
  isStore,
  newDestinationOf,
  secretOf,
  valuesOf,
} from '../values';
import { CredentialFields } from './CredentialFields';

/** A new destination, or another definition of one; keys that were typed become a secret first. */
export function DestinationForm({ of, onClose }: { of: Destination | null; onClose: () => void }) {
  const t = useTexts().destinations;
  const session = useSession();
  const projects = useQuery(projectsQuery).data ?? [];
  const own = projects.map(({ name }) => name).filter((name) => isAllowed(session, 'admin', name));
  const project = session.is_admin ? '' : (own[0] ?? Object.keys(session.roles)[0] ?? '');
  const saveSecret = useTypedSecret();
  const write = useDestinationWrite(
    async ({ values, onto }: { values: DestinationValues; onto: Destination | null }) => {
      const fresh = secretOf(values);
      const secret = fresh === null ? values.secret || null : await saveSecret(fresh);
      return onto === null
        ? createDestination(newDestinationOf(values, secret))
        : replaceDestination(onto, definitionOf(values, secret));
    },
  );
  return (
    <DefinitionForm<Destination, DestinationValues>
      of={of}
      title={of === null ? t.create : t.edit(of.name)}
      valuesOf={(destination) => valuesOf(destination, project)}
      create={(values) => write.mutateAsync({ values, onto: null })}
      replace={(onto, values) => write.mutateAsync({ values, onto })}
      read={readDestination}
      definitionOf={(values) => definitionOf(values, values.secret || null)}
      onClose={onClose}
    >
      {of === null && (
        <>
          <NameField />
          <ProjectField projects={own} texts={t} />
        </>
      )}
      <Form.Item name="url" label={t.url} extra={t.urlHint} rules={[{ required: true, message: t.needed }]}>
        <Input spellCheck={false} autoComplete="off" maxLength={1024} />
      </Form.Item>
      <StoreFields />
    </DefinitionForm>
  );
}

function StoreFields() {
  const t = useTexts().destinations;
  const url = Form.useWatch('url', Form.useFormInstance<DestinationValues>());
  if (!isStore(url)) return null;
  return (
    <>
      <Form.Item name="endpoint" label={t.endpoint} extra={t.endpointHint}>
        <Input spellCheck={false} autoComplete="off" maxLength={512} />
      </Form.Item>
      <Form.Item name="region" label={t.region} rules={[{ required: true, message: t.needed }]}>
        <Input spellCheck={false} autoComplete="off" maxLength={63} />
      </Form.Item>
      <Form.Item name="path_style" label={t.pathStyle}>
        <Switch />
      </Form.Item>
      <CredentialFields />
    </>
  );
}

import { useQuery } from '@tanstack/react-query';
import { Form, Input, Select, Switch } from 'antd';
import { useRef, useState } from 'react';
import { asApiError, isAllowed, projectsQuery, useSession } from '@/api';
import { FormModal } from '@/components/form/FormModal';
import { NameField } from '@/components/form/NameFields';
import { ChangesTable } from '@/components/review/ChangesTable';
import { differences } from '@/components/review/fieldChanges';
import { useTexts } from '@/i18n';
import {
  createDestination,
  createSecret,
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
  const { destinations: t, common } = useTexts();
  const session = useSession();
  const projects = useQuery(projectsQuery).data ?? [];
  const own = projects.map(({ name }) => name).filter((name) => isAllowed(session, 'admin', name));
  const made = useRef<string | null>(null);
  // What somebody else has made of it since: saving again is for that state.
  const [now, setNow] = useState<Destination | null>(null);
  const write = useDestinationWrite(async (values: DestinationValues) => {
    const fresh = secretOf(values);
    // A second try after a refused definition uses the secret that the first one made.
    if (fresh !== null && made.current !== fresh.name) made.current = (await createSecret(fresh)).name;
    const secret = fresh === null ? values.secret || null : made.current;
    return of === null
      ? createDestination(newDestinationOf(values, secret))
      : replaceDestination(now ?? of, definitionOf(values, secret));
  });
  const begin = valuesOf(of, session.is_admin ? '' : (own[0] ?? Object.keys(session.roles)[0] ?? ''));
  return (
    <FormModal<DestinationValues>
      title={of === null ? t.create : t.edit(of.name)}
      {...(of === null && { action: common.create })}
      initial={begin}
      submit={async (values) => {
        try {
          await write.mutateAsync({ ...begin, ...values });
        } catch (thrown) {
          if (of !== null && asApiError(thrown).status === 412) setNow(await readDestination(of.name));
          throw thrown;
        }
      }}
      onClose={onClose}
    >
      {of !== null && now !== null && <Overtaken of={of} now={now} />}
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
      <Form.Item name="url" label={t.url} extra={t.urlHint} rules={[{ required: true, message: t.needed }]}>
        <Input spellCheck={false} autoComplete="off" maxLength={1024} />
      </Form.Item>
      <StoreFields />
    </FormModal>
  );
}

const CHANGED = ['url', 'endpoint', 'region', 'path_style', 'secret'];

/** What was changed between the opening of the form and its refusal. */
function Overtaken({ of, now }: { of: Destination; now: Destination }) {
  const { destinations: t, review } = useTexts();
  return (
    <div style={{ marginBottom: 16 }}>
      <ChangesTable changes={differences(of, now, CHANGED)} before={review.opened} after={review.theirs} />
      {t.overtaken}
    </div>
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
        <Input spellCheck={false} autoComplete="off" />
      </Form.Item>
      <Form.Item name="path_style" label={t.pathStyle}>
        <Switch />
      </Form.Item>
      <CredentialFields />
    </>
  );
}

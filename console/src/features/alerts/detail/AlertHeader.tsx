import { Button } from 'antd';
import { useState } from 'react';
import { useMay, useSession } from '@/api';
import { AsCode } from '@/components/code/AsCode';
import { PageHeader } from '@/components/page/PageHeader';
import { useTexts } from '@/i18n';
import { alertForms } from '../code';
import { SeverityTag, StateTag } from '../list/Tags';
import type { AlertDetail } from '../queries';
import { SilenceForm } from '../silences/SilenceForm';
import { matchersText } from '../silences/values';
import { Acknowledge } from './Acknowledge';

/** What is wrong in a sentence, how it stands, and what may be done about it. */
export function AlertHeader({ alert }: { alert: AlertDetail }) {
  const t = useTexts().alerts;
  const may = useMay();
  const { is_admin: isAdmin } = useSession();
  const [open, setOpen] = useState<'acknowledge' | 'silence' | null>(null);
  const close = () => setOpen(null);
  const mayAct = alert.project === null ? isAdmin : may('editor', alert.project);
  const isOver = alert.state === 'resolved';
  return (
    <>
      <PageHeader
        title={alert.summary}
        status={
          <>
            <SeverityTag of={alert.severity} />
            <StateTag of={alert} />
          </>
        }
        description={[t.kinds[alert.kind] ?? alert.kind, alert.service ?? t.platform, alert.monitor].join(
          ' · ',
        )}
        actions={
          <>
            <AsCode forms={alertForms(alert)} />
            {mayAct && !isOver && <Button onClick={() => setOpen('silence')}>{t.silence}</Button>}
            {mayAct && !isOver && alert.state !== 'acknowledged' && (
              <Button type="primary" onClick={() => setOpen('acknowledge')}>
                {t.acknowledge}
              </Button>
            )}
          </>
        }
      />
      {open === 'acknowledge' && <Acknowledge alert={alert} onClose={close} />}
      {open === 'silence' && (
        <SilenceForm of={null} project={alert.project} matchers={matchersOfAlert(alert)} onClose={close} />
      )}
    </>
  );
}

/** What is the same for this alert and no other. */
function matchersOfAlert({ service, monitor, labels }: AlertDetail): string {
  const own = { ...(service === null ? {} : { service }), monitor, ...labels };
  return matchersText(
    Object.entries(own).map(([name, value]) => ({ name, value, is_equal: true, is_regex: false })),
  );
}

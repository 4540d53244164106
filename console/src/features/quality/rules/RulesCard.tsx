import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Button } from 'antd';
import { useState } from 'react';
import { AsCode } from '@/components/code/AsCode';
import { useColumnNames } from '@/components/column/names';
import { ListCard } from '@/components/page/ListCard';
import { Muted } from '@/components/text/Muted';
import { Timestamp } from '@/components/time/Timestamp';
import { useFormats, useTexts } from '@/i18n';
import { listForms } from '../code';
import { RuleForm } from '../form/RuleForm';
import { type Rule, rulesQuery } from '../queries';
import { LastWindows } from './LastWindows';
import { RuleActions } from './RuleActions';
import { RuleStateTag } from './States';

/** What is watched, and how it does. */
export function RulesCard({ service, mayEdit }: { service: string; mayEdit: boolean }) {
  const { quality: t, common } = useTexts();
  const query = useQuery(rulesQuery(service));
  const [isNew, setNew] = useState(false);
  return (
    <>
      <ListCard<Rule>
        texts={{ title: t.rules, empty: t.empty, emptyHint: t.emptyHint }}
        query={query}
        rowKey={({ name }) => name}
        actions={
          <>
            <AsCode forms={listForms(service)} />
            {mayEdit && (
              <Button type="primary" onClick={() => setNew(true)}>
                {t.create}
              </Button>
            )}
          </>
        }
        rowActions={mayEdit && ((of) => <RuleActions of={of} />)}
        columns={[
          { title: common.name, key: 'name', render: (_, of) => <Name of={of} /> },
          {
            title: t.state,
            key: 'state',
            render: (_, of) => <RuleStateTag of={of.state ?? 'unknown'} reason={of.reason} />,
          },
          { title: t.lastWindows, key: 'value', render: (_, of) => <LastWindows of={of} /> },
          { title: t.next, key: 'next', render: (_, of) => <Next of={of} /> },
        ]}
      />
      {isNew && <RuleForm service={service} of={null} onClose={() => setNew(false)} />}
    </>
  );
}

function Name({ of }: { of: Rule }) {
  const t = useTexts().quality;
  const nameOf = useColumnNames(of.service);
  const columns = of.columns.includes('*') ? '' : of.columns.map(nameOf).join(', ');
  return (
    <div style={{ minWidth: 160, maxWidth: 240 }} title={columns === '' ? undefined : of.columns.join(', ')}>
      <Link to="/services/$service/quality" params={{ service: of.service }} search={{ monitor: of.name }}>
        {of.name}
      </Link>
      <Muted isLine>
        {[t.kinds[of.kind], t.metrics[of.metric] ?? of.metric, columns].filter(Boolean).join(' · ')}
      </Muted>
    </div>
  );
}

function Next({ of }: { of: Rule }) {
  const t = useTexts().quality;
  const formats = useFormats();
  if (of.paused) return <>–</>;
  if (of.is_running) return <>{t.running}</>;
  return (
    <>
      <Timestamp at={of.next_at} />
      <Muted isLine>{t.everyWindow(formats.span(of.schedule))}</Muted>
    </>
  );
}

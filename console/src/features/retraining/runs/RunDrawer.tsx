import { Link } from '@tanstack/react-router';
import { Alert, Descriptions, Drawer, Flex } from 'antd';
import type { ReactNode } from 'react';
import { reportAddress } from '@/api';
import { CopyText } from '@/components/text/CopyText';
import { Timestamp } from '@/components/time/Timestamp';
import { useI18n, useTexts } from '@/i18n';
import type { Retraining } from '../queries';

/** One retraining: why it was asked for, on which data, where it ran, and what it said. */
export function RunDrawer({ of, onClose }: { of: Retraining; onClose: () => void }) {
  const { retraining: t } = useTexts();
  return (
    <Drawer open size={680} title={t.runOf(of.trigger)} onClose={onClose}>
      <Flex vertical gap="middle">
        {of.message && <Alert type={of.state === 'failed' ? 'error' : 'info'} showIcon title={of.message} />}
        <List title={t.run} rows={runRows(of, t)} />
        <Evidence of={of} />
      </Flex>
    </Drawer>
  );
}

type Rows = readonly { readonly label: string; readonly value: ReactNode }[];

function List({ title, rows }: { title: string; rows: Rows }) {
  const shown = rows.filter(({ value }) => value !== null && value !== undefined && value !== '');
  return (
    <Descriptions
      size="small"
      column={1}
      bordered
      title={title}
      items={shown.map(({ label, value }) => ({ key: label, label, children: value }))}
    />
  );
}

function runRows(of: Retraining, t: ReturnType<typeof useTexts>['retraining']): Rows {
  const { run } = of;
  return [
    { label: t.id, value: <CopyText text={of.id} /> },
    { label: t.state, value: t.states[of.state] },
    { label: t.requested, value: <Timestamp at={of.requested_at} exact /> },
    { label: t.started, value: of.started_at && <Timestamp at={of.started_at} exact /> },
    { label: t.ended, value: of.ended_at && <Timestamp at={of.ended_at} exact /> },
    {
      label: t.givesUp,
      value: of.ended_at === null && of.gives_up_at ? <Timestamp at={of.gives_up_at} exact /> : null,
    },
    {
      label: t.there,
      value: run?.url ? (
        <a href={run.url} target="_blank" rel="noreferrer">
          {run.id ?? run.url}
        </a>
      ) : (
        (run?.id ?? null)
      ),
    },
    { label: t.theirState, value: run?.state ?? null },
    {
      label: t.log,
      value: run?.pod ? (
        <Link to="/services/$service/logs" params={{ service: of.service }} search={{ pod: run.pod }}>
          {run.pod}
        </Link>
      ) : null,
    },
    {
      label: t.result,
      value: of.model && (
        <Link to="/models/$model" params={{ model: of.model.model }}>
          {`${of.model.model} ${of.model.version}`}
        </Link>
      ),
    },
    { label: t.published, value: of.published?.message ?? of.published?.version },
  ];
}

/** What every system that retrains is told. */
function Evidence({ of }: { of: Retraining }) {
  const { retraining: t } = useTexts();
  const { language } = useI18n();
  const { evidence } = of;
  const { alert, window } = evidence;
  const rows: Rows = [
    { label: t.cause, value: t.causes[of.cause] },
    { label: t.by, value: evidence.requested_by },
    { label: t.note, value: evidence.note },
    {
      label: t.alert,
      value: alert && (
        <Link to="/alerts/$alert" params={{ alert: alert.id }}>
          {alert.summary || alert.id}
        </Link>
      ),
    },
    {
      label: t.window,
      value: window && (
        <>
          <Timestamp at={window.start} exact /> – <Timestamp at={window.end} exact />
        </>
      ),
    },
    {
      label: t.report,
      value:
        window && alert?.monitor ? (
          <a
            href={reportAddress(of.service, alert.monitor, window.end, language)}
            target="_blank"
            rel="noreferrer"
          >
            {t.openReport}
          </a>
        ) : null,
    },
    { label: t.slice, value: evidence.slice },
    {
      label: t.tables,
      value:
        evidence.tables && evidence.tables.length > 0
          ? evidence.tables.map(({ name, version }) => (
              <div key={name}>{version == null ? name : t.tableAt(name, version)}</div>
            ))
          : null,
    },
  ];
  return <List title={t.evidence} rows={rows} />;
}

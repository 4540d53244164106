import { useQuery } from '@tanstack/react-query';
import { Drawer } from 'antd';
import { ListCard } from '@/components/page/ListCard';
import { ToneTag } from '@/components/text/StatusTag';
import { Timestamp } from '@/components/time/Timestamp';
import { useFormats, useTexts } from '@/i18n';
import { type Run, runsQuery, type Source } from './queries';

/** What the last readings of a source found, and what they changed. */
export function Runs({ of, onClose }: { of: Source; onClose: () => void }) {
  const t = useTexts().labelSources;
  const formats = useFormats();
  const query = useQuery(runsQuery(of));
  const number = (title: string, value: (run: Run) => number | undefined) => ({
    title,
    key: title,
    align: 'right' as const,
    render: (_: unknown, run: Run) => formats.number(value(run) ?? 0),
  });
  return (
    <Drawer open size={900} title={t.runsOf(of.name)} onClose={onClose}>
      <ListCard<Run>
        texts={{ title: t.runs, empty: t.noRuns, emptyHint: t.noRunsHint }}
        query={query}
        rowKey={({ id }) => id}
        columns={[
          {
            title: t.at,
            key: 'at',
            sorter: (a, b) => a.ended_at.localeCompare(b.ended_at),
            render: (_, run) => <Timestamp at={run.ended_at} exact />,
          },
          { title: t.state, key: 'state', render: (_, run) => <Outcome of={run} /> },
          number(t.read, (run) => run.rows_read),
          number(t.fresh, (run) => run.labels_new),
          number(t.corrected, (run) => run.labels_corrected),
          number(t.unmatched, (run) => run.unmatched),
          number(t.rejected, (run) => run.rejected),
        ]}
      />
    </Drawer>
  );
}

function Outcome({ of }: { of: Run }) {
  const t = useTexts().labelSources;
  const why = [of.error, ...(of.rejections ?? [])].filter(Boolean);
  return (
    <div style={{ maxWidth: 320, whiteSpace: 'normal' }}>
      <ToneTag tone={of.state === 'ok' ? 'ok' : 'bad'}>{of.state === 'ok' ? t.states.ok : t.failed}</ToneTag>{' '}
      {t.triggers[of.trigger ?? 'schedule']}
      {why.map((reason) => (
        <div key={reason}>{reason}</div>
      ))}
    </div>
  );
}

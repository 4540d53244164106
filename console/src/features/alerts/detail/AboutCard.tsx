import { Link } from '@tanstack/react-router';
import { Card, Descriptions } from 'antd';
import { ColumnName } from '@/components/column/ColumnName';
import { CopyText } from '@/components/text/CopyText';
import { Timestamp } from '@/components/time/Timestamp';
import { useTexts } from '@/i18n';
import type { AlertDetail } from '../queries';

/** When it began and ended, whose it is, and who took care of it. */
export function AboutCard({ alert }: { alert: AlertDetail }) {
  const { alerts: t, common } = useTexts();
  const labels = Object.entries(alert.labels);
  const rows = [
    {
      label: t.service,
      value:
        alert.service === null ? (
          t.platform
        ) : (
          <Link to="/services/$service" params={{ service: alert.service }}>
            {alert.service}
          </Link>
        ),
    },
    { label: common.project, value: alert.project ?? t.installation },
    { label: t.opened, value: <Timestamp at={alert.opened_at} exact /> },
    { label: t.changed, value: <Timestamp at={alert.updated_at} exact /> },
    { label: t.ended, value: alert.resolved_at && <Timestamp at={alert.resolved_at} exact /> },
    { label: t.endedWhy, value: alert.resolved_why },
    {
      label: t.states.acknowledged,
      value: alert.acknowledged_by && (
        <>
          {alert.acknowledged_by}, <Timestamp at={alert.acknowledged_at} />
        </>
      ),
    },
    { label: t.comment, value: alert.comment },
    { label: t.quietBy, value: alert.silenced_by },
    {
      label: t.labels,
      value:
        labels.length > 0 &&
        labels.map(([name, value]) => (
          <div key={name}>
            {`${name} = `}
            {name === 'column' ? <ColumnName service={alert.service} of={value} /> : value}
          </div>
        )),
    },
    {
      label: t.fingerprint,
      value: <CopyText text={alert.fingerprint} shown={alert.fingerprint.slice(0, 12)} />,
    },
  ].filter(({ value }) => Boolean(value));
  return (
    <Card size="small" title={t.about}>
      <Descriptions
        size="small"
        column={1}
        items={rows.map(({ label, value }) => ({ key: label, label, children: value }))}
      />
    </Card>
  );
}

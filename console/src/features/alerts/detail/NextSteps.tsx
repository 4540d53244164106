import { Link } from '@tanstack/react-router';
import { Card } from 'antd';
import { useTexts } from '@/i18n';
import type { AlertDetail } from '../queries';
import { evidenceOf } from './evidence';

/** What to do about it, in the order in which it helps, with where to do it. */
export function NextSteps({ alert }: { alert: AlertDetail }) {
  const t = useTexts().alerts;
  const steps = t.next[alert.kind] ?? t.next.other ?? [];
  return (
    <Card size="small" title={t.whatToDo}>
      <ol style={{ margin: 0, paddingInlineStart: 20, display: 'grid', gap: 8 }}>
        {steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      {alert.service !== null && <Places alert={alert} service={alert.service} />}
    </Card>
  );
}

/** Rules on rows of tables; others are about what was measured. */
const OF_ROWS = new Set(['drift', 'data_quality', 'model_quality', 'estimated_quality']);
const BUILT_IN = new Set(['table_blocked', 'version_failed', 'channel_dead', 'canary']);

function Places({ alert, service }: { alert: AlertDetail; service: string }) {
  const t = useTexts().alerts;
  const params = { service };
  const { window } = evidenceOf(alert.evidence);
  const range = window === null ? {} : { from: window.start, to: window.end };
  const isOfRows = OF_ROWS.has(alert.kind);
  return (
    <ul style={{ margin: '12px 0 0', paddingInlineStart: 20 }}>
      {!BUILT_IN.has(alert.kind) && (
        <li>
          <Link to="/services/$service/quality" params={params} search={{ monitor: alert.monitor }}>
            {t.toRule}
          </Link>
        </li>
      )}
      {alert.kind === 'canary' && (
        <li>
          <Link to="/services/$service/versions" params={params}>
            {t.toCanary}
          </Link>
        </li>
      )}
      {isOfRows ? (
        <OfRows params={params} range={range} />
      ) : (
        <>
          <li>
            <Link to="/services/$service/monitor" params={params} search={range}>
              {t.toMonitor}
            </Link>
          </li>
          <li>
            <Link to="/services/$service/events" params={params}>
              {t.toEvents}
            </Link>
          </li>
        </>
      )}
    </ul>
  );
}

function OfRows({ params, range }: { params: { service: string }; range: { from?: string; to?: string } }) {
  const t = useTexts().alerts;
  return (
    <>
      <li>
        <Link
          to="/services/$service/tables"
          params={params}
          search={{ table: 'inferences', view: 'statistics', ...range }}
        >
          {t.toRows}
        </Link>
      </li>
      <li>
        <Link to="/services/$service/retraining" params={params}>
          {t.toRetraining}
        </Link>
      </li>
    </>
  );
}

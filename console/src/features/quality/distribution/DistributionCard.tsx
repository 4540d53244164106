import { useQuery } from '@tanstack/react-query';
import { Card, Flex, Skeleton } from 'antd';
import { asApiError } from '@/api';
import { ColumnName } from '@/components/column/ColumnName';
import { EmptyState } from '@/components/page/EmptyState';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { Muted } from '@/components/text/Muted';
import { Timestamp } from '@/components/time/Timestamp';
import { useTexts } from '@/i18n';
import { type Distribution, distributionQuery, type Rule } from '../queries';
import { BinsChart } from './BinsChart';
import { Figures } from './Figures';
import { ValuesChart } from './ValuesChart';

/** How the values of a column lie in one window, over how they lie in the baseline. */
export function DistributionCard(props: { rule: Rule; column: string; slice: string | null; end: string }) {
  const t = useTexts().quality.distribution;
  const { rule, column, slice, end } = props;
  const query = useQuery(distributionQuery(rule, { column, slice, end }));
  const title = (
    <Flex gap="small" align="baseline" wrap>
      <span>
        {t.title} <ColumnName service={rule.service} of={column} />
      </span>
      {slice !== null && <Muted>{slice}</Muted>}
      <Muted>
        {t.until} <Timestamp at={end} exact />
      </Muted>
    </Flex>
  );
  return (
    <Card size="small" title={title} extra={query.data && <Legend of={query.data} />}>
      {query.isPending && <Skeleton active />}
      {query.error && <ErrorNotice error={asApiError(query.error)} retry={() => void query.refetch()} />}
      {query.data && <Drawn of={query.data} />}
    </Card>
  );
}

function Drawn({ of }: { of: Distribution }) {
  const t = useTexts().quality.distribution;
  const { bins = [], values = [] } = of;
  return (
    <Flex vertical gap="small">
      {bins.length > 0 && <BinsChart bins={bins} isTime={of.kind === 'temporal'} />}
      {values.length > 0 && <ValuesChart values={values} />}
      {bins.length === 0 && values.length === 0 && <EmptyState title={t.nothing} hint={t.nothingHint} />}
      <Figures of={of} />
    </Flex>
  );
}

/** Which is which: the window is filled, the baseline is a line with hatching, in whatever colours. */
function Legend({ of }: { of: Distribution }) {
  const t = useTexts().quality.distribution;
  return (
    <Flex gap="middle" wrap>
      <Key label={t.window}>
        <rect width={14} height={14} rx={2} fill="var(--ant-color-primary)" fillOpacity={0.55} />
      </Key>
      {of.baseline && (
        <Key label={t.baseline}>
          <rect width={14} height={14} fill="var(--ant-color-fill-secondary)" />
          <path d="M0 1h14" stroke="var(--ant-color-text)" strokeWidth={2} />
        </Key>
      )}
    </Flex>
  );
}

function Key({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <Flex gap={4} align="center">
      <svg width={14} height={14} aria-hidden="true">
        {children}
      </svg>
      <Muted>{label}</Muted>
    </Flex>
  );
}

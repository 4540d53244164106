import { useQuery } from '@tanstack/react-query';
import { Flex, Segmented, Select } from 'antd';
import { useTexts } from '@/i18n';
import { type AlertFilter, serviceNamesQuery } from '../queries';

export const STATES = ['open', 'acknowledged', 'silenced', 'resolved', 'all'] as const;
const SEVERITIES = ['', 'critical', 'warning'] as const;

/** Which alerts are shown. */
export function AlertFilters(props: {
  value: AlertFilter;
  onChange: (change: Partial<AlertFilter>) => void;
}) {
  const t = useTexts().alerts;
  const { value, onChange } = props;
  const { data: services } = useQuery(serviceNamesQuery);
  return (
    <Flex gap="small" wrap>
      <Segmented
        aria-label={t.state}
        value={value.state}
        options={STATES.map((state) => ({ value: state, label: t.states[state] }))}
        onChange={(state) => onChange({ state })}
      />
      <Select
        style={{ minWidth: 150 }}
        aria-label={t.severity}
        value={value.severity}
        options={SEVERITIES.map((severity) => ({
          value: severity,
          label: severity === '' ? t.everySeverity : t.severities[severity],
        }))}
        onChange={(severity) => onChange({ severity })}
      />
      <Select
        style={{ minWidth: 200 }}
        aria-label={t.service}
        showSearch
        value={value.service}
        options={[
          { value: '', label: t.everyService },
          ...(services ?? []).map(({ name }) => ({ value: name, label: name })),
        ]}
        onChange={(service) => onChange({ service })}
      />
    </Flex>
  );
}

import type { Schemas, Version } from '@/api';
import type { Formats, Texts } from '@/i18n';

type T = Texts['versions'];

/** Where a version runs, and with how much. */
export function resourcesText(version: Version, t: T): string {
  const source = version.resource_source;
  if (source.kind === 'group' && 'group' in source) {
    return t.group(source.group, source.cpu, source.memory_gb, source.gpu, source.gpu_kind ?? '');
  }
  return 'spec' in source ? source.spec : '';
}

export function replicasText(version: Version, t: T): string {
  const { replicas } = version;
  return typeof replicas === 'number'
    ? String(replicas)
    : t.range(replicas.min ?? 0, replicas.max, replicas.target_concurrency ?? 16);
}

export function rateLimitText(version: Version, t: T): string {
  if (version.rate_limit === null) return t.noLimit;
  const limit = version.rate_limit as unknown as Required<Schemas['QpsLimit']>;
  return t.limit(limit.qps, t.onLimit[limit.on_limit]);
}

export function recordingText(version: Version, t: T, formats: Formats): string {
  const delivery = version.log_delivery as unknown as Schemas['LogDelivery'];
  if (!delivery.enabled) return t.notRecorded;
  return t.recorded(formats.percent(delivery.sample_rate), delivery.destination ?? t.platformTables);
}

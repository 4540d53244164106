import type { Service } from './queries';

/** Why a service is not simply running: what its versions say, each with its name. */
export function reasonOf(service: Pick<Service, 'versions'>): string | null {
  const lines = service.versions
    .filter((version) => version.status !== 'stopped' && version.status !== 'draft')
    .filter((version) => version.message || version.reason)
    .map((version) => `${version.name}: ${version.message ?? version.reason}`);
  return lines.length === 0 ? null : lines.join('\n');
}

/** A state in which versions run or are about to: such a service is stopped before it is deleted. */
export function isActive(status: Service['status']): boolean {
  return !['draft', 'stopped', 'failed'].includes(status);
}

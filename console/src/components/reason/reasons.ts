import type { Texts } from '@/i18n';

export interface KnownReason {
  readonly says: string;
  readonly next: string;
}

/** What a reason means and whose move it is; undefined for one that the console does not know. */
export function knownReason(
  reasons: Texts['reasons'],
  reason: string | null | undefined,
): KnownReason | undefined {
  return reason && Object.hasOwn(reasons, reason) ? reasons[reason as keyof Texts['reasons']] : undefined;
}

const ON_THE_WAY = new Set([
  'Preparing',
  'FetchingModel',
  'BuildingEnvironment',
  'LoadingModel',
  'Restarting',
  'Draining',
]);

/** Whether a reason only says what a pod is busy with: nothing is wrong. */
export function isOnTheWay(reason: string | null): boolean {
  return reason !== null && ON_THE_WAY.has(reason);
}

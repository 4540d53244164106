import type { Texts } from '@/i18n';

export interface KnownReason {
  readonly says: string;
  readonly next: string;
}

/**
 * What a reason means and whose move it is; undefined for one that the console does not know. Where the reason is none
 * of its own (`Waiting`), the message begins with it: `capacity: there is no room …`.
 */
export function knownReason(
  reasons: Texts['reasons'],
  reason: string | null | undefined,
  message?: string | null,
): KnownReason | undefined {
  const name = [reason ?? '', headOf(message)].find((one) => Object.hasOwn(reasons, one));
  return name === undefined ? undefined : reasons[name as keyof Texts['reasons']];
}

/** `Capacity` of `capacity: there is no room`. */
function headOf(message: string | null | undefined): string {
  const word = /^([A-Za-z]+): /.exec(message ?? '')?.[1] ?? '';
  return word.charAt(0).toUpperCase() + word.slice(1);
}

const ON_THE_WAY = new Set([
  'Preparing',
  'FetchingModel',
  'BuildingEnvironment',
  'LoadingModel',
  'PullingImage',
  'Pulling',
  'Restarting',
  'Draining',
]);

/** Whether a reason only says what a pod is busy with: nothing is wrong. */
export function isOnTheWay(reason: string | null): boolean {
  return reason !== null && ON_THE_WAY.has(reason);
}

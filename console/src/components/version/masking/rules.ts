import type { Schemas } from '@/api';

export type MaskRule = Schemas['MaskRule'];

export const ACTIONS = ['hash', 'mask', 'drop'] as const satisfies readonly MaskRule['action'][];

export const NEW_RULE: MaskRule = { column: '', action: 'hash' };

/** The rules that name a column: what a form holds of others is being typed. */
export function namedRules(rules: readonly Partial<MaskRule>[] | undefined): MaskRule[] {
  return (rules ?? [])
    .map(({ column = '', action = 'hash' }) => ({ column: column.trim(), action }))
    .filter(({ column }) => column !== '');
}

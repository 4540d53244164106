import type { Draft } from './draft';

/**
 * What was typed, while the page is away: a session that ends in the middle shows the sign-in page in its place. In
 * memory alone, as values of environment variables may be among it.
 */
const drafts = new Map<string, Draft>();

export function keptDraft(key: string): Draft | undefined {
  return drafts.get(key);
}

export function keepDraft(key: string, draft: Draft): void {
  drafts.set(key, draft);
}

export function forgetDraft(key: string): void {
  drafts.delete(key);
}

import type { en as start } from './en';
import type { en as pages } from './en.pages';
import type { Language } from './language';

/** What the shell and the home page say. */
export type StartTexts = typeof start;

/** Every text, by feature. */
export type Texts = StartTexts & typeof pages;

interface Loader {
  readonly start: () => Promise<StartTexts>;
  readonly pages: () => Promise<typeof pages>;
}

/** A page loads the language that it is shown in; what only other pages say comes with the first of them. */
const LOADERS: Record<Language, Loader> = {
  en: {
    start: async () => (await import('./en')).en,
    pages: async () => (await import('./en.pages')).en,
  },
  zh: {
    start: async () => (await import('./zh')).zh,
    pages: async () => (await import('./zh.pages')).zh,
  },
};

const loaded = new Map<Language, Partial<Texts>>();
const listeners = new Set<() => void>();
const wanted = { language: null as Language | null, pages: false };

/** What is here of a language's texts; another object after more has come. */
export function loadedTexts(language: Language): Partial<Texts> | undefined {
  return loaded.get(language);
}

export function onTextsLoaded(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The texts that a language needs now: those of all pages once one of them was opened. */
export async function loadTexts(language: Language): Promise<void> {
  wanted.language = language;
  const parts = await Promise.all([
    LOADERS[language].start(),
    ...(wanted.pages ? [LOADERS[language].pages()] : []),
  ]);
  const before = loaded.get(language);
  if (before !== undefined && parts.every((part) => Object.keys(part).every((key) => key in before))) return;
  loaded.set(language, Object.assign({}, before, ...parts));
  for (const listener of listeners) listener();
}

/** Before a page other than the first is shown. */
export async function loadPageTexts(): Promise<void> {
  wanted.pages = true;
  if (wanted.language !== null) await loadTexts(wanted.language);
}

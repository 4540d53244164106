import type { en } from './en';
import type { Language } from './language';

export type Texts = typeof en;

/** A page loads the language that it is shown in, not both. */
const LOADERS: Record<Language, () => Promise<Texts>> = {
  en: async () => (await import('./en')).en,
  zh: async () => (await import('./zh')).zh,
};

const loaded = new Map<Language, Texts>();
const loading = new Map<Language, Promise<Texts>>();

export function loadedTexts(language: Language): Texts | undefined {
  return loaded.get(language);
}

/** The texts of a language, fetched once. */
export function loadTexts(language: Language): Promise<Texts> {
  const before = loading.get(language);
  if (before !== undefined) return before;
  const texts = LOADERS[language]().then((found) => {
    loaded.set(language, found);
    return found;
  });
  loading.set(language, texts);
  return texts;
}

/** The two languages of the console. */
export type Language = 'en' | 'zh';

export const LANGUAGES: readonly Language[] = ['zh', 'en'];

/** The tag that `Intl` and `<html lang>` take. */
export const LOCALES: Record<Language, string> = { en: 'en-GB', zh: 'zh-CN' };

const KEY = 'penstock.language';

export function isLanguage(value: unknown): value is Language {
  return value === 'en' || value === 'zh';
}

/** The language to open in: what was chosen last, else what the browser asks for. */
export function storedLanguage(): Language {
  const stored = localStorage.getItem(KEY);
  if (isLanguage(stored)) return stored;
  return navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

export function storeLanguage(language: Language): void {
  localStorage.setItem(KEY, language);
}

import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';
import { en } from './en';
import { type Formats, formatsOf } from './formats';
import { isLanguage, type Language, LOCALES, storedLanguage, storeLanguage } from './language';
import { zh } from './zh';

export type { Formats } from './formats';
export { isLanguage, LANGUAGES, type Language, LOCALES } from './language';

export type Texts = typeof en;

const DICTIONARIES: Record<Language, Texts> = { en, zh };

interface I18n {
  readonly language: Language;
  readonly setLanguage: (language: Language) => void;
  readonly texts: Texts;
  readonly formats: Formats;
}

const Context = createContext<I18n | null>(null);

/** Holds the language; `language` fixes it, for tests. */
export function I18nProvider({ children, language: fixed }: { children: ReactNode; language?: Language }) {
  const [chosen, setChosen] = useState<Language>(() => fixed ?? storedLanguage());
  const language = fixed ?? chosen;
  useEffect(() => {
    document.documentElement.lang = LOCALES[language];
  }, [language]);
  const value = useMemo<I18n>(
    () => ({
      language,
      setLanguage(next) {
        if (!isLanguage(next)) return;
        storeLanguage(next);
        setChosen(next);
      },
      texts: DICTIONARIES[language],
      formats: formatsOf(LOCALES[language]),
    }),
    [language],
  );
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

export function useI18n(): I18n {
  const found = useContext(Context);
  if (found === null) throw new Error('I18nProvider is missing');
  return found;
}

/** Every text in the current language: `const t = useTexts().services`. */
export function useTexts(): Texts {
  return useI18n().texts;
}

/** Numbers, sizes, times as the current language writes them. */
export function useFormats(): Formats {
  return useI18n().formats;
}

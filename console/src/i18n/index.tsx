import {
  createContext,
  type ReactNode,
  useContext,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
} from 'react';
import { loadedTexts, loadTexts, onTextsLoaded, type Texts } from './dictionaries';
import { type Formats, formatsOf } from './formats';
import { isLanguage, type Language, LOCALES, storedLanguage, storeLanguage } from './language';

export { loadPageTexts, loadTexts, type Texts } from './dictionaries';
export { isoDuration, secondsOf, typedDuration } from './durations';
export type { Formats } from './formats';
export { isLanguage, LANGUAGES, type Language, LOCALES } from './language';

interface I18n {
  readonly language: Language;
  readonly setLanguage: (language: Language) => void;
  readonly texts: Texts;
  readonly formats: Formats;
}

const Context = createContext<I18n | null>(null);

/** Holds the language; `language` fixes it, for tests. Shows the page once its texts are here. */
export function I18nProvider({ children, language: fixed }: { children: ReactNode; language?: Language }) {
  const [chosen, choose] = useState<Language>(() => fixed ?? storedLanguage());
  const language = useLoaded(chosen);
  const texts = useSyncExternalStore(onTextsLoaded, () =>
    language === null ? undefined : loadedTexts(language),
  );
  const value = useMemo<I18n | null>(() => {
    if (language === null || texts === undefined) return null;
    const setLanguage = (next: Language) => {
      if (!isLanguage(next)) return;
      storeLanguage(next);
      choose(next);
    };
    // A page is shown only after its texts are here: see `loadPageTexts`.
    return { language, setLanguage, texts: texts as Texts, formats: formatsOf(LOCALES[language]) };
  }, [language, texts]);
  return value === null ? null : <Context.Provider value={value}>{children}</Context.Provider>;
}

/** The language once its texts are loaded; until then the one before. */
function useLoaded(chosen: Language): Language | null {
  const [loaded, setLoaded] = useState(loadedTexts(chosen) === undefined ? null : chosen);
  useEffect(() => {
    let isCurrent = true;
    void loadTexts(chosen).then(() => {
      if (!isCurrent) return;
      document.documentElement.lang = LOCALES[chosen];
      setLoaded(chosen);
    });
    return () => {
      isCurrent = false;
    };
  }, [chosen]);
  return loaded;
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

import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';

export type ThemeChoice = 'light' | 'dark' | 'system';

interface Theme {
  readonly choice: ThemeChoice;
  readonly isDark: boolean;
  readonly choose: (choice: ThemeChoice) => void;
}

const KEY = 'penstock.theme';
const Context = createContext<Theme | null>(null);
const systemIsDark = () => window.matchMedia('(prefers-color-scheme: dark)');

function storedChoice(): ThemeChoice {
  const stored = localStorage.getItem(KEY);
  return stored === 'light' || stored === 'dark' ? stored : 'system';
}

export function ThemeProvider({ children }: { children: ReactNode }) {
  const [choice, setChoice] = useState<ThemeChoice>(storedChoice);
  const [isSystemDark, setSystemDark] = useState(() => systemIsDark().matches);
  useEffect(() => {
    const query = systemIsDark();
    const follow = () => setSystemDark(query.matches);
    query.addEventListener('change', follow);
    return () => query.removeEventListener('change', follow);
  }, []);
  const isDark = choice === 'dark' || (choice === 'system' && isSystemDark);
  useEffect(() => {
    document.documentElement.style.colorScheme = isDark ? 'dark' : 'light';
  }, [isDark]);
  const value = useMemo<Theme>(
    () => ({
      choice,
      isDark,
      choose(next) {
        localStorage.setItem(KEY, next);
        setChoice(next);
      },
    }),
    [choice, isDark],
  );
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

export function useTheme(): Theme {
  const found = useContext(Context);
  if (found === null) throw new Error('ThemeProvider is missing');
  return found;
}

import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { I18nProvider } from '@/i18n';
import { DesignProvider } from './DesignProvider';
import { queries } from './queries';
import { router } from './router';
import { ThemeProvider } from './theme';

/** Everything that stands around the pages. */
export function App() {
  return (
    <I18nProvider>
      <ThemeProvider>
        <DesignProvider>
          <QueryClientProvider client={queries}>
            <RouterProvider router={router} />
          </QueryClientProvider>
        </DesignProvider>
      </ThemeProvider>
    </I18nProvider>
  );
}

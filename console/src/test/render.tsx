import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  Outlet,
  RouterProvider,
} from '@tanstack/react-router';
import { render } from '@testing-library/react';
import { App as AntApp, ConfigProvider } from 'antd';
import type { ReactNode } from 'react';
import { type Session, sessionQuery } from '@/api';
import { parseSearch, stringifySearch } from '@/app/search';
import { I18nProvider, type Language } from '@/i18n';

export const ADMIN: Session = {
  user: 'admin',
  is_admin: true,
  roles: { default: 'admin' },
  csrf_token: 'csrf',
  expires_at: '2030-01-01T00:00:00Z',
  version: '0.1.0',
  public_url: 'http://127.0.0.1:18080',
  mlflow_url: 'http://127.0.0.1:15000',
};

export const VIEWER: Session = { ...ADMIN, user: 'vera', is_admin: false, roles: { default: 'viewer' } };

interface Options {
  /** The route as in `src/app/router.tsx`, such as `/services/$service/logs`. */
  readonly path: string;
  /** Where to open it: `/services/wine/logs?level=error`. */
  readonly at?: string;
  readonly session?: Session;
  readonly language?: Language;
}

/** A page as the app would show it, without the shell; other addresses are empty pages. */
export function renderPage(Page: () => ReactNode, options: Options) {
  const root = createRootRoute({ component: Outlet, notFoundComponent: () => null });
  const page = createRoute({ getParentRoute: () => root, path: options.path, component: Page });
  const router = createRouter({
    routeTree: root.addChildren([page]),
    history: createMemoryHistory({ initialEntries: [options.at ?? options.path] }),
    parseSearch,
    stringifySearch,
  });
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: 60_000 } } });
  queries.setQueryData(sessionQuery.queryKey, options.session ?? ADMIN);
  const shown = render(
    <I18nProvider language={options.language ?? 'en'}>
      <ConfigProvider theme={{ token: { motion: false } }}>
        <AntApp>
          <QueryClientProvider client={queries}>
            {/* biome-ignore lint/suspicious/noExplicitAny: the router of a test has its own routes */}
            <RouterProvider router={router as any} />
          </QueryClientProvider>
        </AntApp>
      </ConfigProvider>
    </I18nProvider>,
  );
  return { ...shown, router, queries };
}

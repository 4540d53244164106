import {
  createHashHistory,
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Navigate,
  type RouteComponent,
  redirect,
  retainSearchParams,
} from '@tanstack/react-router';
import { loadPageTexts } from '@/i18n';
import { NotFound } from './NotFound';
import { PageError } from './PageError';
import { Root } from './Root';
import { parseSearch, stringifySearch } from './search';

/** Search parameters of any page: each page reads its own with `useSearchState`; the language stays with all. */
type Search = Record<string, unknown>;

const root = createRootRoute({
  component: Root,
  notFoundComponent: NotFound,
  validateSearch: (search: Search): Search => search,
  search: { middlewares: [retainSearchParams<Search>(['lang'])] },
});

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: ({ search }) => {
    throw redirect({ to: '/services', search, replace: true });
  },
});

/** A page that comes with the texts of all pages. */
function page<Name extends string>(load: () => Promise<Record<Name, RouteComponent>>, name: Name) {
  return lazyRouteComponent(async () => {
    const [found] = await Promise.all([load(), loadPageTexts()]);
    return found;
  }, name);
}
const top = () => root;

const services = createRoute({
  getParentRoute: top,
  path: '/services',
  component: lazyRouteComponent(() => import('@/features/services/page'), 'Page'),
});
const publish = createRoute({
  getParentRoute: top,
  path: '/publish',
  component: page(() => import('@/features/publish/page'), 'Page'),
});
const models = createRoute({
  getParentRoute: top,
  path: '/models',
  component: page(() => import('@/features/models/page'), 'Page'),
});
const model = createRoute({
  getParentRoute: top,
  path: '/models/$model',
  component: page(() => import('@/features/models/model'), 'Page'),
});
const resources = createRoute({
  getParentRoute: top,
  path: '/resources',
  component: page(() => import('@/features/resources/page'), 'Page'),
});
const group = createRoute({
  getParentRoute: top,
  path: '/resources/$group',
  component: page(() => import('@/features/resources/group'), 'Page'),
});
const usage = createRoute({
  getParentRoute: top,
  path: '/usage',
  component: page(() => import('@/features/usage/page'), 'Page'),
});
const destinations = createRoute({
  getParentRoute: top,
  path: '/destinations',
  component: page(() => import('@/features/destinations/page'), 'Page'),
});
const alerts = createRoute({
  getParentRoute: top,
  path: '/alerts',
  component: page(() => import('@/features/alerts/page'), 'Page'),
});
const alert = createRoute({
  getParentRoute: top,
  path: '/alerts/$alert',
  component: page(() => import('@/features/alerts/alert'), 'Page'),
});
const people = createRoute({
  getParentRoute: top,
  path: '/people',
  component: page(() => import('@/features/people/page'), 'Page'),
});
const project = createRoute({
  getParentRoute: top,
  path: '/people/$project',
  component: page(() => import('@/features/people/project'), 'Page'),
});
const platform = createRoute({
  getParentRoute: top,
  path: '/platform',
  component: page(() => import('@/features/platform/page'), 'Page'),
});

const service = createRoute({
  getParentRoute: top,
  path: '/services/$service',
  component: page(() => import('@/features/service/layout'), 'Page'),
});
const ofService = () => service;
const overview = createRoute({
  getParentRoute: ofService,
  path: '/',
  component: page(() => import('@/features/service/overview'), 'Page'),
});
const versions = createRoute({
  getParentRoute: ofService,
  path: '/versions',
  component: page(() => import('@/features/versions/page'), 'Page'),
});
const version = createRoute({
  getParentRoute: ofService,
  path: '/versions/$version',
  component: page(() => import('@/features/versions/version'), 'Page'),
});
const terminal = createRoute({
  getParentRoute: ofService,
  path: '/versions/$version/pods/$pod/terminal',
  component: page(() => import('@/features/terminal/page'), 'Page'),
});
const debug = createRoute({
  getParentRoute: ofService,
  path: '/debug',
  component: page(() => import('@/features/debug/page'), 'Page'),
});
const monitor = createRoute({
  getParentRoute: ofService,
  path: '/monitor',
  component: page(() => import('@/features/monitor/page'), 'Page'),
});
const logs = createRoute({
  getParentRoute: ofService,
  path: '/logs',
  component: page(() => import('@/features/logs/page'), 'Page'),
});
const events = createRoute({
  getParentRoute: ofService,
  path: '/events',
  component: page(() => import('@/features/events/page'), 'Page'),
});
const keys = createRoute({
  getParentRoute: ofService,
  path: '/keys',
  component: page(() => import('@/features/keys/page'), 'Page'),
});
const requests = createRoute({
  getParentRoute: ofService,
  path: '/requests',
  component: page(() => import('@/features/requests/page'), 'Page'),
});
const request = createRoute({
  getParentRoute: ofService,
  path: '/requests/$request',
  component: page(() => import('@/features/requests/request'), 'Page'),
});
const tables = createRoute({
  getParentRoute: ofService,
  path: '/tables',
  component: page(() => import('@/features/tables/page'), 'Page'),
});
const quality = createRoute({
  getParentRoute: ofService,
  path: '/quality',
  component: page(() => import('@/features/quality/page'), 'Page'),
});
const retraining = createRoute({
  getParentRoute: ofService,
  path: '/retraining',
  component: page(() => import('@/features/retraining/page'), 'Page'),
});
const settings = createRoute({
  getParentRoute: ofService,
  path: '/settings',
  component: page(() => import('@/features/service/settings'), 'Page'),
});

/** Where a one-time link leads; `Root` shows the sign-in page for it, or goes on where somebody is signed in. */
const signIn = createRoute({
  getParentRoute: top,
  path: '/sign-in',
  component: () => <Navigate to="/services" search={({ link: _link, ...search }) => search} replace />,
});

const tree = root.addChildren([
  home,
  signIn,
  services,
  publish,
  models,
  model,
  resources,
  group,
  alerts,
  alert,
  destinations,
  usage,
  people,
  project,
  platform,
  service.addChildren([
    overview,
    versions,
    version,
    terminal,
    debug,
    monitor,
    logs,
    events,
    keys,
    requests,
    request,
    tables,
    quality,
    retraining,
    settings,
  ]),
]);

export const router = createRouter({
  routeTree: tree,
  history: createHashHistory(),
  parseSearch,
  stringifySearch,
  defaultErrorComponent: PageError,
  defaultNotFoundComponent: NotFound,
  scrollRestoration: false,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}

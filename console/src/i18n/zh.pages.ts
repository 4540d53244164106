import type { en } from './en.pages';
import { debug } from './zh/debug';
import { events } from './zh/events';
import { keys } from './zh/keys';
import { logs } from './zh/logs';
import { models } from './zh/models';
import { monitor } from './zh/monitor';
import { people } from './zh/people';
import { platform } from './zh/platform';
import { publish } from './zh/publish';
import { reasons } from './zh/reasons';
import { requests } from './zh/requests';
import { resources } from './zh/resources';
import { review } from './zh/review';
import { service } from './zh/service';
import { usage } from './zh/usage';
import { versions } from './zh/versions';

export const zh: typeof en = {
  debug,
  events,
  keys,
  logs,
  models,
  monitor,
  people,
  platform,
  publish,
  reasons,
  requests,
  resources,
  review,
  service,
  usage,
  versions,
};

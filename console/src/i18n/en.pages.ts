import { debug } from './en/debug';
import { events } from './en/events';
import { keys } from './en/keys';
import { logs } from './en/logs';
import { models } from './en/models';
import { monitor } from './en/monitor';
import { people } from './en/people';
import { platform } from './en/platform';
import { publish } from './en/publish';
import { reasons } from './en/reasons';
import { requests } from './en/requests';
import { resources } from './en/resources';
import { review } from './en/review';
import { service } from './en/service';
import { usage } from './en/usage';
import { versions } from './en/versions';

/** What the other pages say, by feature. */
export const en = {
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

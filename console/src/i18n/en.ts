import { common } from './en/common';
import { components } from './en/components';
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
import { services } from './en/services';
import { shell } from './en/shell';
import { usage } from './en/usage';
import { versions } from './en/versions';

/** Every text, by feature; the Chinese dictionary has the same type, so that a missing text does not compile. */
export const en = {
  common,
  components,
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
  services,
  shell,
  usage,
  versions,
};

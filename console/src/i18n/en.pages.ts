import { models } from './en/platform/models';
import { people } from './en/platform/people';
import { platform } from './en/platform/platform';
import { resources } from './en/platform/resources';
import { usage } from './en/platform/usage';
import { alerts } from './en/quality/alerts';
import { canary } from './en/quality/canary';
import { quality } from './en/quality/quality';
import { retraining } from './en/quality/retraining';
import { debug } from './en/service/debug';
import { events } from './en/service/events';
import { keys } from './en/service/keys';
import { logs } from './en/service/logs';
import { monitor } from './en/service/monitor';
import { publish } from './en/service/publish';
import { requests } from './en/service/requests';
import { service } from './en/service/service';
import { terminal } from './en/service/terminal';
import { versionFields } from './en/service/versionFields';
import { versions } from './en/service/versions';
import { reasons } from './en/shared/reasons';
import { review } from './en/shared/review';
import { accounting } from './en/tables/accounting';
import { destinations } from './en/tables/destinations';
import { erasures } from './en/tables/erasures';
import { labelSources } from './en/tables/labelSources';
import { labels } from './en/tables/labels';
import { tables } from './en/tables/tables';

/** What the other pages say, by feature. */
export const en = {
  accounting,
  alerts,
  canary,
  debug,
  destinations,
  erasures,
  events,
  keys,
  labelSources,
  labels,
  logs,
  models,
  monitor,
  people,
  platform,
  publish,
  quality,
  reasons,
  requests,
  resources,
  retraining,
  review,
  service,
  tables,
  terminal,
  usage,
  versionFields,
  versions,
};

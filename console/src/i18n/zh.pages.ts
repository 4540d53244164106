import type { en } from './en.pages';
import { models } from './zh/platform/models';
import { people } from './zh/platform/people';
import { platform } from './zh/platform/platform';
import { resources } from './zh/platform/resources';
import { usage } from './zh/platform/usage';
import { alerts } from './zh/quality/alerts';
import { canary } from './zh/quality/canary';
import { quality } from './zh/quality/quality';
import { retraining } from './zh/quality/retraining';
import { debug } from './zh/service/debug';
import { events } from './zh/service/events';
import { keys } from './zh/service/keys';
import { logs } from './zh/service/logs';
import { monitor } from './zh/service/monitor';
import { publish } from './zh/service/publish';
import { requests } from './zh/service/requests';
import { service } from './zh/service/service';
import { terminal } from './zh/service/terminal';
import { versionFields } from './zh/service/versionFields';
import { versions } from './zh/service/versions';
import { reasons } from './zh/shared/reasons';
import { review } from './zh/shared/review';
import { accounting } from './zh/tables/accounting';
import { destinations } from './zh/tables/destinations';
import { erasures } from './zh/tables/erasures';
import { labelSources } from './zh/tables/labelSources';
import { labels } from './zh/tables/labels';
import { tables } from './zh/tables/tables';

export const zh: typeof en = {
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

import type { Schemas } from '@/api';
import { type PlanValues, planOf, planValues } from '@/components/canary/plan';
import { linesOf, pairsOf, pairsText } from '@/components/form/lines';
import { type EnvRow, envOf, envRows } from '@/components/version/env';
import { isoDuration, typedDuration } from '@/i18n';
import type { Definition, NewTrigger, Trigger } from '../queries';

export type ActionKind = Definition['action']['kind'];
export const ACTIONS: readonly ActionKind[] = ['job', 'webhook', 'airflow', 'argo', 'github'];

/** What the form holds; named as the API names it, so that a refusal finds its field. */
export interface TriggerValues {
  readonly name: string;
  readonly action: {
    readonly kind: ActionKind;
    readonly url: string;
    readonly dag_id: string;
    readonly namespace: string;
    readonly template: string;
    readonly entrypoint: string;
    readonly repository: string;
    readonly event_type: string;
    /** An argument a line. */
    readonly command: string;
    readonly requirements: string;
    readonly files: readonly { readonly path: string; readonly text: string }[];
    readonly spec: string;
    readonly python: string;
    /** `NAME = value`, one a line. */
    readonly env: readonly EnvRow[];
    readonly isProject: boolean;
    readonly mlflow_project: {
      readonly uri: string;
      readonly entry_point: string;
      readonly version: string;
      /** `name = value`, one a line. */
      readonly parameters: string;
    };
    /** Of a workflow of Argo; `name = value`, one a line. */
    readonly parameters: string;
    /** Of a DAG of Airflow; a JSON object. */
    readonly conf: string;
  };
  readonly secret: string;
  readonly severity: '' | 'warning' | 'critical';
  /** `name = value`, one a line. */
  readonly labels: string;
  readonly schedule: string;
  readonly guards: {
    readonly cool_down: string;
    readonly max_per_day: number;
    readonly min_label_coverage: number | null;
  };
  readonly model: string;
  readonly then: {
    readonly publish: NonNullable<Schemas['Then']['publish']>;
    readonly weight: number;
    readonly canary: PlanValues;
  };
  readonly time_limit: string;
  readonly paused: boolean;
}

const SCRIPT = `import json
import os

# Why it was asked for, and on which tables: train on them and register the next version,
# with the tag PENSTOCK_RESULT_TAG set to PENSTOCK_RETRAINING_ID.
with open(os.environ["PENSTOCK_EVIDENCE"]) as file:
    evidence = json.load(file)
print(evidence["tables"])
`;

/** What a form begins with. */
export function triggerValues(of: Trigger | null): TriggerValues {
  const action: Partial<Record<string, unknown>> = of?.action ?? {};
  const text = (name: string, fallback = '') =>
    typeof action[name] === 'string' ? String(action[name]) : fallback;
  const lines = (name: string, fallback = '') =>
    Array.isArray(action[name]) ? action[name].join('\n') : fallback;
  const record = (name: string) => (action[name] ?? {}) as Record<string, unknown>;
  const project = record('mlflow_project');
  const files = action.files as Record<string, string> | undefined;
  const resources = action.resources as { spec?: string } | undefined;
  return {
    name: of?.name ?? '',
    action: {
      kind: of?.action.kind ?? 'job',
      url: text('url'),
      dag_id: text('dag_id'),
      namespace: text('namespace'),
      template: text('template'),
      entrypoint: text('entrypoint'),
      repository: text('repository'),
      event_type: text('event_type', 'penstock-retrain'),
      command: lines('command', 'python\ntrain.py'),
      requirements: lines('requirements'),
      files: Object.entries(files ?? (of === null ? { 'train.py': SCRIPT } : {})).map(([path, body]) => ({
        path,
        text: body,
      })),
      spec: resources?.spec ?? '1C2G',
      python: text('python'),
      env: envRows(record('env') as Parameters<typeof envRows>[0]),
      isProject: Object.keys(project).length > 0,
      mlflow_project: {
        uri: String(project.uri ?? '.'),
        entry_point: String(project.entry_point ?? 'main'),
        version: String(project.version ?? ''),
        parameters: pairsText((project.parameters ?? {}) as Record<string, unknown>),
      },
      parameters: pairsText(record('parameters')),
      conf: Object.keys(record('conf')).length > 0 ? JSON.stringify(record('conf'), null, 2) : '',
    },
    secret: of?.secret ?? '',
    severity: of === null ? 'critical' : (of.on_alert?.severity ?? (of.on_alert === null ? '' : 'critical')),
    labels: pairsText(of?.on_alert?.labels ?? {}),
    schedule: typedDuration(of?.schedule ?? ''),
    guards: {
      cool_down: typedDuration(of?.guards.cool_down ?? 'PT6H'),
      max_per_day: of?.guards.max_per_day ?? 2,
      min_label_coverage: of?.guards.min_label_coverage ?? null,
    },
    model: of?.model ?? '',
    // biome-ignore lint/suspicious/noThenProperty: the API calls it so
    then: {
      publish: of?.then.publish ?? 'none',
      weight: of?.then.weight ?? 0,
      canary: planValues(of?.then.canary ?? null),
    },
    time_limit: typedDuration(of?.time_limit ?? 'PT6H'),
    paused: of?.paused ?? false,
  };
}

/** What the form says; what it has no field for stays as it is. */
export function triggerOf(values: TriggerValues, of: Trigger | null): Definition {
  const text = (typed: string | undefined) => typed?.trim() || null;
  // What is none of these is for the server to refuse: a schedule may be one of cron.
  const duration = (typed: string) => isoDuration(typed) ?? text(typed);
  return {
    action: actionOf(values, of),
    secret: text(values.secret),
    on_alert: values.severity === '' ? null : { severity: values.severity, labels: pairsOf(values.labels) },
    schedule: duration(values.schedule),
    guards: { ...values.guards, cool_down: duration(values.guards.cool_down) },
    model: text(values.model),
    // biome-ignore lint/suspicious/noThenProperty: the API calls it so
    then: thenOf(values.then, of),
    time_limit: duration(values.time_limit),
    paused: values.paused,
  } as Definition;
}

export const newTriggerOf = (values: TriggerValues): NewTrigger => ({
  name: values.name.trim(),
  ...triggerOf(values, null),
});

/** A plan that is as the platform has it is left to the platform, also when that changes. */
function thenOf({ publish, weight, canary }: TriggerValues['then'], of: Trigger | null): Schemas['Then'] {
  const plan = planOf(canary);
  const isUsual = JSON.stringify(plan) === JSON.stringify(planOf(planValues(null)));
  const isKept = isUsual && (of?.then.canary ?? null) === null;
  return {
    publish,
    weight: publish === 'version' ? weight : 0,
    canary: publish === 'canary' && !isKept ? plan : null,
  };
}

function actionOf({ action }: TriggerValues, of: Trigger | null): Record<string, unknown> {
  const { kind } = action;
  const url = action.url.trim();
  switch (kind) {
    case 'webhook':
      return { kind, url };
    case 'airflow':
      return { kind, url, dag_id: action.dag_id.trim(), conf: JSON.parse(action.conf.trim() || '{}') };
    case 'argo':
      return {
        kind,
        url,
        namespace: action.namespace.trim(),
        template: action.template.trim(),
        entrypoint: action.entrypoint.trim() || null,
        parameters: pairsOf(action.parameters),
      };
    case 'github':
      return {
        kind,
        repository: action.repository.trim(),
        event_type: action.event_type.trim(),
        ...(url && { url }),
      };
    default:
      return jobOf(action, of);
  }
}

/** The platform says what a job uses, and is told where that comes from. */
function jobOf(action: TriggerValues['action'], of: Trigger | null): Record<string, unknown> {
  const resources = of?.action.kind === 'job' ? of.action.resources : undefined;
  const group = resources?.group;
  const isKept = typeof group === 'string' && resources?.spec === action.spec;
  const { uri, entry_point: entryPoint, version, parameters } = action.mlflow_project;
  return {
    kind: 'job',
    command: action.isProject ? [] : linesOf(action.command),
    mlflow_project: action.isProject
      ? {
          uri: uri.trim(),
          entry_point: entryPoint.trim(),
          version: version.trim() || null,
          parameters: pairsOf(parameters),
        }
      : null,
    requirements: linesOf(action.requirements),
    python: action.python.trim() || null,
    env: envOf(action.env),
    files: Object.fromEntries(
      action.files.filter(({ path }) => path?.trim()).map(({ path, text }) => [path.trim(), text ?? '']),
    ),
    resource_source: isKept
      ? {
          kind: 'group',
          group,
          cpu: resources?.cpu,
          memory_gb: resources?.memory_gb,
          gpu: resources?.gpu,
          gpu_kind: resources?.gpu_kind ?? null,
        }
      : { kind: 'shared', spec: action.spec },
  };
}

/** Nothing, or a JSON object. */
export function isJsonObject(typed: string): boolean {
  try {
    const value: unknown = JSON.parse(typed.trim() || '{}');
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

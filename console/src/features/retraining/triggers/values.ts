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
  readonly publish: Definition['then'] extends infer T ? (T extends { publish: infer P } ? P : never) : never;
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
    },
    secret: of?.secret ?? '',
    severity: of === null ? 'critical' : (of.on_alert?.severity ?? (of.on_alert === null ? '' : 'critical')),
    labels: Object.entries(of?.on_alert?.labels ?? {})
      .map(([name, value]) => `${name} = ${value}`)
      .join('\n'),
    schedule: of?.schedule ?? '',
    guards: {
      cool_down: of?.guards.cool_down ?? 'PT6H',
      max_per_day: of?.guards.max_per_day ?? 2,
      min_label_coverage: of?.guards.min_label_coverage ?? null,
    },
    model: of?.model ?? '',
    publish: of?.then.publish ?? 'none',
    time_limit: of?.time_limit ?? 'PT6H',
    paused: of?.paused ?? false,
  };
}

/** What the form says; what it has no field for stays as it is. */
export function triggerOf(values: TriggerValues, of: Trigger | null): Definition {
  const text = (typed: string) => typed.trim() || null;
  return {
    action: actionOf(values, of),
    secret: text(values.secret),
    on_alert: values.severity === '' ? null : { severity: values.severity, labels: pairsOf(values.labels) },
    schedule: text(values.schedule),
    guards: { ...values.guards, cool_down: values.guards.cool_down.trim() },
    model: text(values.model),
    // biome-ignore lint/suspicious/noThenProperty: the API calls it so
    then: { ...(of?.then ?? { weight: 0 }), publish: values.publish },
    time_limit: values.time_limit.trim(),
    paused: values.paused,
  } as Definition;
}

export const newTriggerOf = (values: TriggerValues): NewTrigger => ({
  name: values.name.trim(),
  ...triggerOf(values, null),
});

function actionOf({ action }: TriggerValues, of: Trigger | null): Record<string, unknown> {
  const { kind } = action;
  const before: Record<string, unknown> = of?.action.kind === kind ? { ...of.action } : {};
  const url = action.url.trim();
  switch (kind) {
    case 'webhook':
      return { ...before, kind, url };
    case 'airflow':
      return { ...before, kind, url, dag_id: action.dag_id.trim() };
    case 'argo':
      return {
        ...before,
        kind,
        url,
        namespace: action.namespace.trim(),
        template: action.template.trim(),
        entrypoint: action.entrypoint.trim() || null,
      };
    case 'github':
      return {
        ...before,
        kind,
        repository: action.repository.trim(),
        event_type: action.event_type.trim(),
        ...(url && { url }),
      };
    default:
      return jobOf(action, before);
  }
}

/** The platform says what a job uses, and is told where that comes from. */
function jobOf(action: TriggerValues['action'], before: Record<string, unknown>): Record<string, unknown> {
  const { resources, ...kept } = before as { resources?: Record<string, unknown> };
  const group = resources?.group;
  const isKept = typeof group === 'string' && resources?.spec === action.spec;
  return {
    ...kept,
    kind: 'job',
    command: linesOf(action.command),
    requirements: linesOf(action.requirements),
    files: Object.fromEntries(
      action.files.filter(({ path }) => path?.trim()).map(({ path, text }) => [path.trim(), text ?? '']),
    ),
    resource_source: isKept
      ? { kind: 'group', group, cpu: resources?.cpu, memory_gb: resources?.memory_gb, gpu: resources?.gpu }
      : { kind: 'shared', spec: action.spec },
  };
}

const linesOf = (typed: string) =>
  typed
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);

function pairsOf(typed: string): Record<string, string> {
  return Object.fromEntries(
    linesOf(typed).map((line) => {
      const [name = '', ...value] = line.split('=');
      return [name.trim(), value.join('=').trim()];
    }),
  );
}

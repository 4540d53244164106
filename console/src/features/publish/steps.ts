export const STEPS = ['basics', 'model', 'resources', 'protection', 'logs', 'review'] as const;
export type Step = (typeof STEPS)[number];

type Path = readonly (string | number)[];

/** The fields of each step, by the beginning of their names. */
export const FIELDS: Record<Step, readonly Path[]> = {
  basics: [['project'], ['name'], ['description'], ['tags'], ['version', 'name'], ['version', 'description']],
  model: [
    ['version', 'by'],
    ['version', 'model_source'],
  ],
  resources: [
    ['version', 'resource_source'],
    ['version', 'replicas'],
    ['version', 'env'],
  ],
  protection: [
    ['auth_enabled'],
    ['version', 'rate_limit'],
    ['version', 'max_concurrency'],
    ['version', 'request_timeout_ms'],
    ['version', 'traffic_weight'],
    ['max_body_bytes'],
    ['sticky_header'],
  ],
  logs: [['version', 'log_delivery']],
  review: [],
};

/** The step in which a field is filled in. */
export function stepOf(name: Path): Step | undefined {
  return STEPS.find((step) =>
    FIELDS[step].some((path) => path.every((part, index) => String(name[index]) === String(part))),
  );
}

/**
 * Where the form has what a refusal names: rules of a version say `log_delivery.destination`, without `version`, and
 * of a further version nothing else is sent.
 */
export function placeOf(loc: Path, isFurther = false): Path {
  const place = loc.filter((part) => part !== 'body');
  const ofVersion = ['version', ...place];
  if (isFurther) return ofVersion;
  return stepOf(place) === undefined && stepOf(ofVersion) !== undefined ? ofVersion : place;
}

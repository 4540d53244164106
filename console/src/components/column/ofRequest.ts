/** Columns of inferences that say of each row what is said of its request. */
export const OF_THE_REQUEST: ReadonlySet<string> = new Set([
  'request_date',
  'request_id',
  'client_request_id',
  'request_time',
  'status_code',
  'version',
  'version_id',
  'generation',
  'served_entity_id',
  'pod',
  'sampling_fraction',
  'execution_duration_ms',
  'record_id',
]);

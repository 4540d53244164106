import { useColumnNames } from './names';

/** A column as the model calls it; how it is stored on hover. */
export function ColumnName({ service, of }: { service: string | null; of: string }) {
  const named = useColumnNames(service)(of);
  return <span title={named === of ? undefined : of}>{named}</span>;
}

import { OF_THE_REQUEST } from '@/components/column/ofRequest';
import type { PayloadRow } from './queries';

const LABEL = /^label(_|$)|^labelled_at$/;
/** When a label came, and how often it was corrected. */
const ABOUT_LABELS = new Set(['labelled_at', 'label_received_at', 'label_revision']);
const PREDICTION = /^prediction(_|$)/;

export type Kind = 'index' | 'feature' | 'prediction' | 'label' | 'error' | 'about labels';

export interface InferenceColumn {
  readonly name: string;
  readonly kind: Kind;
}

export interface Inferences {
  readonly columns: readonly InferenceColumn[];
  readonly rows: readonly PayloadRow[];
}

const ORDER: readonly Kind[] = ['index', 'prediction', 'label', 'error', 'feature', 'about labels'];

/** A request's rows, each with its label where it has one; columns that hold nothing are left out. */
export function withLabels(inferences: readonly PayloadRow[], labelled: readonly PayloadRow[]): Inferences {
  const labels = new Map(labelled.map((row) => [row.row_index, labelsOf(row)]));
  const rows = inferences.map((row) => ({ ...row, ...labels.get(row.row_index) }));
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const filled = names.filter((name) => rows.some((row) => row[name] !== null && row[name] !== undefined));
  const columns = filled
    .filter((name) => !OF_THE_REQUEST.has(name))
    .map((name) => ({ name, kind: kindOf(name) }));
  const isOrdered = (a: InferenceColumn, b: InferenceColumn) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind);
  return { columns: columns.sort(isOrdered), rows };
}

function labelsOf(row: PayloadRow): PayloadRow {
  return Object.fromEntries(Object.entries(row).filter(([name]) => LABEL.test(name)));
}

function kindOf(name: string): Kind {
  if (name === 'row_index') return 'index';
  if (name === 'error') return 'error';
  if (ABOUT_LABELS.has(name)) return 'about labels';
  if (PREDICTION.test(name)) return 'prediction';
  return LABEL.test(name) ? 'label' : 'feature';
}

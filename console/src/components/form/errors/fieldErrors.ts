import { Form, type FormInstance } from 'antd';
import { useCallback, useEffect, useRef, useState } from 'react';
import { ApiError, asApiError, type ErrorDetail } from '@/api';

type Loc = readonly (string | number)[];

/** Where the server names `body`, `query` … before the field; a form has the field alone. */
const PLACES = new Set<string | number>(['body', 'query', 'path', 'header']);

/** How one is led to a refused field: what is said below it is in sight too. */
export const TO_FIELD = { focus: true, block: 'center' } as const;

export interface PlacedErrors {
  /** Messages by the form's field. */
  readonly fields: { name: Loc; errors: string[] }[];
  /** What belongs to no field that the form has. */
  readonly rest: ErrorDetail[];
}

/**
 * Gives each detail of an error to the form field whose name is the longest beginning of its place: `body.version.replicas.max`
 * goes to `['version', 'replicas', 'max']`, else to `['version', 'replicas']`.
 */
export function placeErrors(details: readonly ErrorDetail[], fields: readonly Loc[]): PlacedErrors {
  const byField = new Map<Loc, string[]>();
  const rest: ErrorDetail[] = [];
  for (const detail of details) {
    const field = fieldOf(detail.loc, fields);
    if (field === undefined) rest.push(detail);
    else byField.set(field, [...(byField.get(field) ?? []), detail.msg]);
  }
  return { fields: [...byField].map(([name, errors]) => ({ name, errors })), rest };
}

/** Parts between the form's own are allowed to be missing: the server names a union's member (`body.version.mlflow.model`). */
function fieldOf(loc: Loc, fields: readonly Loc[]): Loc | undefined {
  const place = PLACES.has(loc[0] ?? '') ? loc.slice(1) : loc;
  const matching = fields.filter((field) => field.length > 0 && isWithin(field, place));
  return matching.sort((a, b) => b.length - a.length)[0];
}

function isWithin(field: Loc, place: Loc): boolean {
  let at = 0;
  for (const part of place) {
    if (String(part) === String(field[at])) at += 1;
    else if (at === 0) return false;
    if (at === field.length) return true;
  }
  return false;
}

interface Refused {
  readonly name: Loc;
  readonly errors: readonly string[];
  /** What the field held then. */
  readonly value: string;
}

/**
 * Shows a write’s refusal at the fields of an Ant Design form, each until it is edited or the form is sent anew;
 * `error` is what no field takes, for a `FormNotice`.
 */
export function useFieldErrors(form: FormInstance): {
  error: ApiError | null;
  show: (thrown: unknown) => void;
  clear: () => void;
} {
  const [error, setError] = useState<ApiError | null>(null);
  const refuse = useRefusedFields(form);
  const show = useCallback(
    (thrown: unknown) => {
      const failure = asApiError(thrown);
      const known = form.getFieldsError().map((field) => field.name as Loc);
      const { fields, rest } = placeErrors(failure.details, known);
      refuse(fields);
      const first = fields[0];
      const isAllShown = first !== undefined && rest.length === 0;
      // Else the notice says what the fields do not, and is where one goes first.
      if (isAllShown) form.scrollToField([...first.name], TO_FIELD);
      setError(isAllShown ? null : withDetails(failure, rest));
    },
    [form, refuse],
  );
  const clear = useCallback(() => {
    refuse([]);
    setError(null);
  }, [refuse]);
  return { error, show, clear };
}

/** Ant Design takes an error from a field that is edited only where the field has rules of its own. */
function useRefusedFields(form: FormInstance): (fields: PlacedErrors['fields']) => void {
  const refused = useRef<readonly Refused[]>([]);
  const held = useCallback((name: Loc) => JSON.stringify(form.getFieldValue([...name])) ?? '', [form]);
  const read = useCallback(() => refused.current.map(({ name }) => held(name)), [held]);
  const values = Form.useWatch(read, { form, preserve: true });
  // biome-ignore lint/correctness/useExhaustiveDependencies: looked at whenever one of the refused fields has changed
  useEffect(() => {
    const edited = refused.current.filter(({ name, value }) => held(name) !== value);
    takeBack(form, edited);
    refused.current = refused.current.filter((field) => !edited.includes(field));
  }, [form, held, values]);
  return useCallback(
    (fields) => {
      takeBack(form, refused.current);
      refused.current = fields.map(({ name, errors }) => ({ name, errors, value: held(name) }));
      form.setFields(fields.map(({ name, errors }) => ({ name: [...name], errors })));
    },
    [form, held],
  );
}

/** What the field's own rules say of it stays. */
function takeBack(form: FormInstance, refused: readonly Refused[]): void {
  if (refused.length === 0) return;
  form.setFields(
    refused.map(({ name, errors }) => ({
      name: [...name],
      errors: form.getFieldError([...name]).filter((error) => !errors.includes(error)),
    })),
  );
}

function withDetails(error: ApiError, details: readonly ErrorDetail[]): ApiError {
  return new ApiError(error.message, error.status, error.code, error.requestId, details);
}

import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useMemo, useRef } from 'react';

/** One parameter of the address: how it is read, and its value where it is absent or wrong. */
export interface Param<T> {
  readonly fallback: T;
  /** undefined where the address holds something else */
  parse(values: readonly string[]): T | undefined;
  format(value: T): string | readonly string[];
}

/** Any text. */
export function text(fallback = ''): Param<string> {
  return { fallback, parse: ([value]) => value, format: (value) => value };
}

/** One of a few words. */
export function oneOf<T extends string>(allowed: readonly T[], fallback: T): Param<T> {
  return { fallback, parse: ([value]) => allowed.find((one) => one === value), format: (value) => value };
}

/** Several words, in the order in which they were chosen. */
export function listOf<T extends string>(allowed?: readonly T[]): Param<readonly T[]> {
  const isAllowed = (value: string): value is T =>
    allowed === undefined || allowed.some((one) => one === value);
  return { fallback: [], parse: (values) => values.filter(isAllowed), format: (values) => values };
}

export function integer(fallback: number, least = 1): Param<number> {
  return {
    fallback,
    parse: ([value]) => (value !== undefined && /^\d+$/.test(value) && +value >= least ? +value : undefined),
    format: String,
  };
}

export function flag(): Param<boolean> {
  return { fallback: false, parse: ([value]) => value === 'true', format: String };
}

type Params = Record<string, Param<unknown>>;
type ParamValue<P> = P extends Param<infer T> ? T : never;
export type SearchValues<S> = { readonly [K in keyof S]: ParamValue<S[K]> };

export interface SearchSetterOptions {
  /** Makes a step that *back* returns from; without it the address is replaced. */
  readonly push?: boolean;
}

export type SearchSetter<S> = (change: Partial<SearchValues<S>>, options?: SearchSetterOptions) => void;

/**
 * The page's state in the address: `const [search, setSearch] = useSearchState(PARAMS)`, where `PARAMS` is a constant
 * outside of the component. What equals its default is left out of the address.
 */
// biome-ignore lint/suspicious/noExplicitAny: a parameter both takes and gives its type
export function useSearchState<S extends Record<string, Param<any>>>(
  params: S,
): [SearchValues<S>, SearchSetter<S>] {
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  const navigate = useNavigate();
  const fixed = useRef(params).current;
  const values = useMemo(() => readSearch(fixed, search), [fixed, search]);
  const set = useCallback<SearchSetter<S>>(
    (change, options) =>
      void navigate({
        to: '.',
        search: (before: Record<string, unknown>) => ({ ...before, ...written(fixed, change) }),
        replace: options?.push !== true,
      }),
    [fixed, navigate],
  );
  return [values, set];
}

export function readSearch<S extends Params>(params: S, search: Record<string, unknown>): SearchValues<S> {
  const entries = Object.entries(params).map(([name, param]) => {
    const given = search[name];
    if (given === undefined || given === null) return [name, param.fallback];
    return [name, param.parse(Array.isArray(given) ? given.map(String) : [String(given)]) ?? param.fallback];
  });
  return Object.fromEntries(entries) as SearchValues<S>;
}

function written<S extends Params>(params: S, change: Partial<SearchValues<S>>): Record<string, unknown> {
  const entries = Object.entries(change).map(([name, value]) => {
    const param = params[name];
    if (param === undefined || value === undefined) return [name, undefined];
    const formatted = param.format(value);
    const isDefault = String(formatted) === String(param.format(param.fallback));
    return [name, isDefault ? undefined : formatted];
  });
  return Object.fromEntries(entries);
}

import { Form } from 'antd';
import { createContext, type ReactNode, useContext } from 'react';
import type { VersionValues } from './values';

type Name = string | number;

const Place = createContext<readonly Name[]>([]);

/** Where a form holds the values of a version: `[]` where it is of the version alone. */
export function VersionPlace({ at, children }: { at: readonly Name[]; children: ReactNode }) {
  return <Place.Provider value={at}>{children}</Place.Provider>;
}

/** The whole name of a version's field in the form around it. */
export function useFieldName(): (...name: Name[]) => Name[] {
  const place = useContext(Place);
  return (...name) => [...place, ...name];
}

/** One of the version's values, whether its field is shown or not, and what sets it. */
export function useValue<K extends keyof VersionValues>(field: K) {
  const form = Form.useFormInstance();
  const name = useFieldName()(field);
  const value: VersionValues[K] | undefined = Form.useWatch(name, { form, preserve: true });
  return [value, (next: VersionValues[K]) => form.setFieldValue(name, next)] as const;
}

import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const SOURCE = resolve(import.meta.dirname, '..');

/** How many fields of a file take any length: lists and pairs by lines, JSON, words typed for the page alone. */
const WITHOUT: Record<string, number> = {
  'components/filter/FilterField.tsx': 1,
  'components/form/ConfirmByName.tsx': 1,
  'features/alerts/channels/KindFields.tsx': 2,
  'features/alerts/silences/MatcherField.tsx': 1,
  'features/debug/parts/SendBar.tsx': 1,
  'features/debug/parts/ValueField.tsx': 2,
  'features/logs/parts/LogFilters.tsx': 1,
  'features/retraining/triggers/ActionFields.tsx': 2,
  'features/retraining/triggers/JobFields.tsx': 4,
  'features/retraining/triggers/TriggerForm.tsx': 1,
  'features/service/parts/SettingsFields.tsx': 1,
  'features/tables/erasures/OrderErasure.tsx': 1,
  'features/tables/sources/SourceForm.tsx': 2,
};

function unlimited(name: string): number {
  const text = readFileSync(join(SOURCE, name), 'utf8').replaceAll('=>', '');
  const fields = text.match(/<(?:Input|Input\.TextArea|Input\.Password|AutoComplete)(?=[\s/])[^<>]*>/g) ?? [];
  return fields.filter((field) => !field.includes('maxLength')).length;
}

function forms(): string[] {
  const names = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' });
  return names
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.tsx') && !/\.test\.tsx$|^test\//.test(name));
}

test('no text field takes more than the API does', () => {
  const found = forms().map((name) => [name, unlimited(name)] as const);
  expect(Object.fromEntries(found.filter(([, count]) => count > 0))).toEqual(WITHOUT);
});

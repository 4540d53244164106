import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { screen } from '@testing-library/react';
import { Button } from 'antd';
import { expect, test } from 'vitest';
import { renderPage } from '@/test/render';
import { ListCard } from './ListCard';

const SOURCE = resolve(import.meta.dirname, '../..');

test('what may be done with a row stays in sight beside wide columns', async () => {
  const query = { data: [{ name: 'a' }], error: null, isPending: false, refetch: () => null };
  renderPage(
    () => (
      <ListCard
        texts={{ title: 'Things', empty: '', emptyHint: '' }}
        query={query}
        rowKey={({ name }) => name}
        columns={[{ title: 'Name', dataIndex: 'name' }]}
        rowActions={() => <Button>Edit</Button>}
      />
    ),
    { path: '/' },
  );
  const cell = (await screen.findByRole('button', { name: 'Edit' })).closest('td');
  expect(cell?.className).toContain('fix-end');
});

test('so it is in every table with a column of actions', () => {
  const pages = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.tsx'),
  );
  const loose = pages.filter((name) =>
    readFileSync(join(SOURCE, name), 'utf8')
      .split(/title: (?:common|t)\.actions,/)
      .slice(1)
      .some((column) => !column.slice(0, 250).includes("fixed: 'right'")),
  );
  expect(loose).toEqual([]);
});

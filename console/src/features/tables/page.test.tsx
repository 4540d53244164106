import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { renderPage, VIEWER } from '@/test/render';
import { refusal, serve } from '@/test/server';
import { Page } from './page';

const TABLE = {
  name: 'wine.payload',
  service: 'wine',
  kind: 'payload',
  location: 'file:///t',
  rows: 2,
  version: 7,
};
const DETAILS = {
  ...TABLE,
  status: 'ok',
  files: 1,
  bytes: 10,
  time_column: 'request_time',
  columns: [{ name: 'client_request_id', type: 'STRING', nullable: true, is_partition: false }],
};
const WINE = { name: 'wine', project: 'default', revision: 1, versions: [] };

function open(at: string, answers: Record<string, unknown>, session = {}) {
  const requests = serve({
    'GET /services/wine': WINE,
    'GET /inference-tables': { items: [TABLE] },
    'GET /inference-tables/wine.payload': DETAILS,
    ...answers,
  });
  const path = '/services/$service/tables';
  return { requests, ...renderPage(Page, { path, at: `/services/wine/tables${at}`, ...session }) };
}

test('the pages of a cursor ask for the rows that its first page selected, though time goes on', async () => {
  const { requests, router } = open('', {
    'GET /inference-tables/wine.payload/rows': {
      columns: ['client_request_id'],
      items: [{ client_request_id: 'a-1' }],
      next_cursor: 'more',
      delta_version: 7,
    },
  });
  await screen.findByText('a-1');
  await userEvent.click(screen.getByRole('button', { name: /Next/ }));
  await waitFor(() => expect(router.state.location.search).toMatchObject({ cursor: 'more' }));
  await screen.findByText('These pages show version 7 of the table.');
  const pages = () => requests.seen.filter(({ path }) => path.endsWith('/rows'));
  await waitFor(() => expect(pages().at(-1)?.query.get('cursor')).toBe('more'));
  expect(pages().at(-1)?.query.get('from')).toBe(pages()[0]?.query.get('from'));
});

test('a filter is marked where the server stopped understanding it', async () => {
  const detail = { loc: ['query', 'where', 5], msg: 'expected a number' };
  open('?where=a%20%3E%20x', {
    'GET /inference-tables/wine.payload/rows': () => refusal(400, 'where, at character 5: no', [detail]),
  });
  await screen.findByText('expected a number');
  expect(document.querySelector('mark')?.textContent).toBe('x');
  expect(screen.queryByText('No row matches')).toBeNull();
});

test('a viewer sees erasures and coverage, and is offered neither to erase nor to upload', async () => {
  const answers = {
    'GET /services/wine/erasures': { items: [], next_cursor: null },
    'GET /services/wine/label-sources': { items: [] },
    'GET /services/wine/labels/coverage': { items: [], predicted: 0, labelled: 0, share: 0 },
  };
  const { unmount } = open('?tab=erasures', answers, { session: VIEWER });
  await screen.findByText('Nothing was erased');
  expect(screen.queryByRole('button', { name: /Erase rows/ })).toBeNull();
  unmount();
  open('?tab=labels', answers, { session: VIEWER });
  await screen.findByText('No inference in this time range');
  expect(screen.queryByRole('button', { name: /Upload labels/ })).toBeNull();
  expect(screen.queryByRole('button', { name: 'New source' })).toBeNull();
});

test('an erasure asks for the name of the service, and shows a refusal at its field', async () => {
  const detail = { loc: ['body', 'client_request_ids', 0], msg: 'too long' };
  const { requests } = open('?tab=erasures', {
    'GET /services/wine/erasures': { items: [], next_cursor: null },
    'POST /services/wine/erasures': () => refusal(400, 'Not that', [detail]),
  });
  await userEvent.click(await screen.findByRole('button', { name: /Erase rows/ }));
  await userEvent.type(screen.getByLabelText('Ids that callers gave, one a line'), 'a-1');
  await userEvent.click(screen.getByRole('button', { name: 'Erase for good' }));
  await screen.findByText('This is not the name of the service');
  await userEvent.type(screen.getByLabelText('Type wine to go on'), 'wine');
  await userEvent.click(screen.getByRole('button', { name: 'Erase for good' }));
  await screen.findByText('too long');
  expect(requests.seen.find(({ method }) => method === 'POST')?.body).toEqual({
    client_request_ids: ['a-1'],
  });
});

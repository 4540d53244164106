import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { renderPage, VIEWER } from '@/test/render';
import { refusal, serve } from '@/test/server';
import { Page } from './page';

const LAKE = {
  name: 'lake',
  project: null,
  url: 's3://lake/t',
  endpoint: null,
  region: 'us-east-1',
  path_style: true,
  secret: 'k',
  state: 'failing',
  reason: 'the bucket is gone',
  revision: 1,
};

test('a viewer sees why a destination fails, and is offered no write', async () => {
  serve({ 'GET /destinations': { items: [LAKE] } });
  renderPage(Page, { path: '/destinations', session: VIEWER });
  await screen.findByText('the bucket is gone');
  expect(screen.queryByRole('button', { name: 'New destination' })).toBeNull();
  expect(screen.queryByRole('button', { name: 'Edit' })).toBeNull();
});

test('after a refused place the keys are not stored a second time', async () => {
  const detail = { loc: ['body', 'url'], msg: 'outside of the allowed roots' };
  const requests = serve({
    'GET /destinations': { items: [] },
    'GET /projects': { items: [] },
    'POST /secrets': { name: 'lake-keys', id: '1' },
    'POST /destinations': () => refusal(400, 'Not there', [detail]),
  });
  renderPage(Page, { path: '/destinations' });
  await userEvent.click(await screen.findByRole('button', { name: 'New destination' }));
  await userEvent.type(screen.getByLabelText('Name'), 'lake');
  await userEvent.type(screen.getByLabelText('Access key'), 'a');
  await userEvent.type(screen.getByLabelText('Secret key'), 's');
  for (const _ of [1, 2]) {
    await userEvent.click(screen.getByRole('button', { name: 'Create' }));
    await screen.findByText('outside of the allowed roots');
  }
  const posts = requests.seen.filter(({ method }) => method === 'POST').map(({ path }) => path);
  expect(posts).toEqual(['/secrets', '/destinations', '/destinations']);
});

test('who was overtaken sees what the other changed, and saves over it only then', async () => {
  const state = { now: LAKE };
  const requests = serve({
    'GET /destinations': () => ({ items: [LAKE] }),
    'GET /destinations/lake': () => state.now,
    'GET /projects': { items: [] },
    'GET /secrets': { items: [] },
    'PUT /destinations/lake': (request: Request) =>
      request.headers.get('if-match') === `"${state.now.revision}"`
        ? state.now
        : refusal(412, 'Changed since'),
  });
  renderPage(Page, { path: '/destinations' });
  await userEvent.click(await screen.findByRole('button', { name: 'Edit' }));
  state.now = { ...LAKE, region: 'eu-west-1', revision: 2 };
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  await screen.findByText('eu-west-1');
  await userEvent.click(screen.getByRole('button', { name: 'Put mine over it' }));
  await waitFor(() => expect(screen.queryByRole('button', { name: 'Save' })).toBeNull());
  expect(requests.seen.filter(({ method }) => method === 'PUT')).toHaveLength(2);
});

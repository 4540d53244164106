import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { renderPage, VIEWER } from '@/test/render';
import { refusal, serve } from '@/test/server';
import { isUnfiltered, requestOf } from './filters';
import { Page } from './page';
import { reasonOf } from './reasons';

const WINE = {
  name: 'wine',
  type: 'ml',
  description: '<b>red</b> and white',
  project: 'default',
  status: 'degraded',
  running_versions: 1,
  total_versions: 2,
  creator: 'admin',
  created_at: '2026-11-27T06:00:00Z',
  versions: [
    {
      name: 'v1',
      status: 'degraded',
      traffic_weight: 90,
      message: 'one of two pods restarts',
      reason: 'CrashLoop',
    },
    { name: 'v2', status: 'running', traffic_weight: 10, message: null, reason: null },
  ],
};
const SUMMARY = {
  service: 'wine',
  requests_per_second: 12.5,
  latency_p99_ms: 41.2,
  errors_per_second: 0,
  sparkline: { from: '2026-11-27T06:00:00Z', step_s: 60, values: [1, null, 2] },
};
const ANSWERS = {
  'GET /services': { items: [WINE], next_cursor: null },
  'GET /service-summaries': { items: [SUMMARY] },
};
const open = (at = '/services', options = {}) => renderPage(Page, { path: '/services', at, ...options });

test('a row says what runs, how traffic is split and how it goes', async () => {
  serve(ANSWERS);
  open();
  const row = within((await screen.findByRole('link', { name: 'wine' })).closest('tr') as HTMLElement);
  row.getByText('Degraded');
  row.getByText('1/2');
  row.getByText('v1 90 % · v2 10 %');
  row.getByText('<b>red</b> and white');
  await row.findByText('12.5');
  row.getByText('41 ms');
});

test('filters are in the address and in the request', async () => {
  const requests = serve(ANSWERS);
  const { router } = open('/services?status=failed&q=wi');
  await screen.findByRole('link', { name: 'wine' });
  expect(Object.fromEntries(requests.seen[0]?.query ?? [])).toMatchObject({ status: 'failed', search: 'wi' });
  await userEvent.type(screen.getByRole('textbox', { name: 'Creator' }), 'eve{Enter}');
  await waitFor(() =>
    expect(router.state.location.search).toMatchObject({ status: 'failed', creator: 'eve' }),
  );
});

test('services in another order are asked for once, before the page is rendered with it', async () => {
  serve(ANSWERS);
  const { router } = open();
  await screen.findByRole('link', { name: 'wine' });
  const shown: unknown[] = [];
  const answer = fetch;
  vi.stubGlobal('fetch', (request: Request) => {
    if (request.url.includes('/services?')) shown.push(router.state.location.search);
    return answer(request);
  });
  const header = screen.getByRole('columnheader', { name: /Created/ });
  fireEvent.keyDown(header, { key: 'Enter', keyCode: 13 });
  await waitFor(() => expect(header.getAttribute('aria-sort')).toBe('ascending'));
  await waitFor(() => expect(document.querySelector('[aria-busy=true]')).toBeNull());
  expect(shown).toEqual([{}]);
});

test('a filter that was only passed through leaves the list at its page', async () => {
  serve(ANSWERS);
  const { router } = open('/services?cursor=abc');
  const field = await screen.findByRole('textbox', { name: 'Creator' });
  field.focus();
  fireEvent.blur(field);
  await userEvent.type(field, 'eve');
  expect(router.state.location.search).toEqual({ cursor: 'abc' });
});

test('news of a page leaves its rows where they are', async () => {
  const items = Array.from({ length: 40 }, (_, number) => ({ ...WINE, name: `wine-${number}` }));
  serve({ ...ANSWERS, 'GET /services': () => ({ items, next_cursor: null }) });
  const { queries } = open();
  const count = () => document.querySelectorAll('tbody tr.ant-table-row').length;
  await waitFor(() => expect(count()).toBe(40));
  const counts = new Set<number>();
  const seen = new MutationObserver(() => counts.add(count()));
  seen.observe(document.body, { childList: true, subtree: true, characterData: true });
  items[39] = { ...WINE, name: 'wine-39', description: 'another' };
  await queries.invalidateQueries({ queryKey: ['services'] });
  await screen.findByText('another');
  seen.disconnect();
  expect([...counts]).toEqual([40]);
});

test('an empty installation shows three steps, in Chinese too', async () => {
  serve({ 'GET /services': { items: [], next_cursor: null } });
  open('/services', { language: 'zh' });
  await screen.findByText('三步完成第一次预测');
  screen.getByText(/set_tracking_uri\("http:\/\/127.0.0.1:15000"\)/);
  screen.getByText(/http:\/\/127.0.0.1:18080\/wine-quality\/predict/);
});

test('a filter without a match is no empty installation', async () => {
  serve({ 'GET /services': { items: [], next_cursor: null } });
  open('/services?status=failed');
  await screen.findByText('No service matches');
});

test('an error is shown as its sentence with the request id', async () => {
  serve({ 'GET /services': () => refusal(503, 'The store is away') });
  open();
  await screen.findByText('The store is away');
  screen.getByText('request-1');
});

test('deleting asks for the name', async () => {
  const stopped = { ...WINE, status: 'stopped' };
  const requests = serve({
    'GET /services': { items: [stopped], next_cursor: null },
    'DELETE /services/wine': new Response(null, { status: 204 }),
  });
  open();
  await userEvent.click(await screen.findByRole('button', { name: 'More actions for wine' }));
  await userEvent.click(await screen.findByText('Delete'));
  const dialog = within(await screen.findByRole('dialog'));
  const button = dialog.getByRole<HTMLButtonElement>('button', { name: 'Delete' });
  expect(button.disabled).toBe(true);
  await userEvent.type(dialog.getByRole('textbox'), 'wine');
  await userEvent.click(button);
  await waitFor(() => expect(requests.seen.map((one) => one.method)).toContain('DELETE'));
});

test('a viewer is offered no writes', async () => {
  serve(ANSWERS);
  open('/services', { session: VIEWER });
  await userEvent.click(await screen.findByRole('button', { name: 'More actions for wine' }));
  await screen.findByText('Logs');
  expect(screen.queryByText('Stop')).toBeNull();
  expect(screen.queryByRole('link', { name: 'New service' })).toBeNull();
});

test('the reason names the version', () => {
  expect(reasonOf(WINE as never)).toBe('v1: one of two pods restarts');
});

test('what is empty is not asked for', () => {
  const none = {
    q: '',
    project: '',
    type: '',
    status: '',
    creator: '',
    tag: '',
    sort: '-created_at',
    cursor: '',
  } as const;
  expect(requestOf(none)).toEqual({ page_size: 50, sort: '-created_at' });
  expect(isUnfiltered(none)).toBe(true);
  expect(isUnfiltered({ ...none, tag: 'a' })).toBe(false);
});

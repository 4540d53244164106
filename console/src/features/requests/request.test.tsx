import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { renderPage } from '@/test/render';
import { serve } from '@/test/server';
import { Page } from './request';

const REQUEST = {
  request_id: 'r1',
  payload: { request: '{"inputs": [1]}', status_code: 200 },
  inferences: [{ row_index: 0, prediction: 5.5 }],
  labelled: [{ row_index: 0, prediction: 5.5, label: 6, labelled_at: '2026-11-27T07:00:00Z' }],
  log_lines: [{ text: 'scored one row', pod: 'p', run: 0, at: '2026-11-27T06:00:00Z' }],
  log_problem: null,
  pod: 'p',
  version: 'v1',
  trace_id: null,
};
const open = () =>
  renderPage(Page, { path: '/services/$service/requests/$request', at: '/services/wine/requests/r1' });

test('a request is shown with the lines that were printed for it, and leads to debugging', async () => {
  serve({ 'GET /services/wine/requests/r1': REQUEST });
  open();
  await screen.findByText('scored one row');
  const link = screen.getByRole('link', { name: 'Debug with this request' });
  screen.getByText('1 of 1 row has a label');
  expect(link.getAttribute('href')).toBe('/services/wine/debug?request=r1');
});

test('lines that could not be read are no silence of the pod', async () => {
  serve({
    'GET /services/wine/requests/r1': { ...REQUEST, log_lines: [], log_problem: 'the logs are away' },
  });
  open();
  await screen.findByText('the logs are away');
  expect(screen.queryByText('The pod has printed nothing for it.')).toBeNull();
});

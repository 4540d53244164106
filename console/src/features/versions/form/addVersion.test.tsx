import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { renderPage } from '@/test/render';
import { refusal, serve } from '@/test/server';
import { Page } from '../page';

const V1 = {
  id: '1',
  service: 'wine',
  name: 'v1',
  status: 'stopped',
  description: '',
  model_source: { kind: 'mlflow', model: 'wine', version: '1', alias: null, follow: false, registry: null },
  resource_source: { kind: 'shared', spec: '1C2G' },
  replicas: 1,
  ready_replicas: 0,
  desired_replicas: 0,
  traffic_weight: 0,
  rate_limit: null,
  max_concurrency: null,
  request_timeout_ms: 60_000,
  log_delivery: { enabled: true, sample_rate: 1, destination: 'file:///elsewhere' },
  env: {},
  runtime: {},
};
const WINE = { name: 'wine', project: 'default', revision: 1, fallback: null, versions: [V1] };

test('a refused field that was folded away comes into sight with its sentence', async () => {
  const detail = { loc: ['log_delivery', 'destination'], msg: 'outside of the allowed roots' };
  serve({
    'GET /services/wine': WINE,
    'GET /models': { items: [], next_cursor: null },
    'GET /resource-specs': { items: [] },
    'POST /services/wine/versions': () => refusal(400, 'Not there', [detail]),
  });
  renderPage(Page, { path: '/services/$service/versions', at: '/services/wine/versions?add=true' });
  const advanced = await screen.findByRole('button', { name: /More: limits/ });
  expect(advanced.getAttribute('aria-expanded')).toBe('false');
  const buttons = screen.getAllByRole('button', { name: 'Add version' });
  await userEvent.click(buttons.at(-1) as HTMLElement);
  await screen.findByText('outside of the allowed roots');
  await waitFor(() => expect(advanced.getAttribute('aria-expanded')).toBe('true'));
});

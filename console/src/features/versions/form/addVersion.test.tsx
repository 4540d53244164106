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

test('an image is filled in, sent whole, and a refusal stands at its field', async () => {
  const port = ['body', 'model_source', 'image', 'port'];
  const mount = ['body', 'model_source', 'image', 'mounts', 0, 'artifact', 'uri'];
  const requests = serve({
    'GET /services/wine': WINE,
    'GET /models': { items: [], next_cursor: null },
    'GET /resource-specs': { items: [] },
    'GET /secrets': { items: [], next_cursor: null },
    'POST /services/wine/versions': () =>
      refusal(400, 'No', [
        { loc: port, msg: 'this port is taken' },
        { loc: mount, msg: 'must be models:/name/3' },
      ]),
  });
  renderPage(Page, { path: '/services/$service/versions', at: '/services/wine/versions?add=true' });
  await userEvent.click(await screen.findByRole('radio', { name: 'A container image' }));
  await userEvent.type(screen.getByRole('textbox', { name: 'Image' }), 'wine:1');
  await userEvent.click(screen.getByRole('button', { name: /Add files/ }));
  await userEvent.type(screen.getByRole('textbox', { name: 'Path in the container' }), '/m');
  await userEvent.type(screen.getByRole('textbox', { name: /models:.name.3/ }), 'models:/wine@x');
  await userEvent.click(screen.getAllByRole('button', { name: 'Add version' }).at(-1) as HTMLElement);
  await screen.findByText('this port is taken');
  await screen.findByText('must be models:/name/3');
  const sent = requests.seen.find(({ method }) => method === 'POST')?.body as { model_source: unknown };
  expect(sent).not.toHaveProperty('runtime');
  expect(sent.model_source).toEqual({
    kind: 'image',
    image: 'wine:1',
    credentials: null,
    command: null,
    args: null,
    port: 8080,
    health_path: '/health',
    predict_path: '/predict',
    mounts: [{ kind: 'artifact', path: '/m', uri: 'models:/wine@x', registry: null }],
  });
});

import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import type { Service, Version } from '@/api';
import { renderPage } from '@/test/render';
import { refusal, serve } from '@/test/server';
import { EditVersion } from './EditVersion';

const V1 = {
  service: 'wine',
  name: 'v1',
  description: '',
  revision: 1,
  model_source: { kind: 'mlflow', model: 'wine', version: '1', alias: null, follow: false, registry: null },
  resource_source: { kind: 'group', group: 'boxes', cpu: 1, memory_gb: 2, gpu: 1, gpu_kind: null },
  replicas: 1,
  rate_limit: null,
  max_concurrency: null,
  request_timeout_ms: 60_000,
  log_delivery: { enabled: true, sample_rate: 1, destination: null },
  env: {},
  runtime: {},
} as unknown as Version;
const WINE = { name: 'wine', project: 'default', revision: 1, fallback: null, versions: [V1] };

function renderForm(answers: Parameters<typeof serve>[0] = {}) {
  const requests = serve({
    'GET /models': { items: [], next_cursor: null },
    'GET /resource-groups': { items: [], next_cursor: null },
    ...answers,
  });
  const service = WINE as unknown as Service;
  renderPage(() => <EditVersion service={service} version={V1} onClose={() => undefined} />, { path: '/' });
  return requests;
}

const review = () => userEvent.click(screen.getByRole('button', { name: 'Review and save' }));

test('what no field takes is brought into sight, and has the focus', async () => {
  renderForm({ 'PATCH /services/wine/versions/v1': () => refusal(409, 'It is being deleted') });
  await userEvent.type(await screen.findByLabelText('Description'), 'x');
  const scrolled = vi.spyOn(Element.prototype, 'scrollIntoView');
  await review();
  const notice = await screen.findByText('It is being deleted');
  await waitFor(() => expect(document.activeElement?.contains(notice)).toBe(true));
  expect(document.activeElement).not.toBe(document.body);
  expect(scrolled.mock.contexts.some((of) => (of as Element).contains(notice))).toBe(true);
  expect(notice.closest('[role=alert]')).not.toBeNull();
});

test('a kind of GPU that there cannot be is refused before anything is sent', async () => {
  const requests = renderForm();
  await userEvent.type(await screen.findByLabelText('Kind of GPU'), 'H200!');
  await screen.findByText(/^1 to 64 letters, digits/);
  await review();
  expect(requests.seen.filter(({ method }) => method !== 'GET')).toEqual([]);
});

test('a group is chosen by what runs its pods too, and says that it cannot now', async () => {
  const problem = 'The Docker engine does not answer';
  const group = (name: string, backend: string | null) => ({
    id: name,
    name,
    backend,
    projects: ['default'],
  });
  renderForm({
    'GET /capacity': {
      machine: 'here',
      pools: [],
      backends: [
        { name: 'process', is_default: true, machine: 'here', problem: null },
        { name: 'docker', is_default: false, machine: 'there', problem },
      ],
    },
    'GET /resource-groups': { items: [group('boxes', 'docker'), group('plain', null)], next_cursor: null },
  });
  const under = `Cannot run pods now: ${problem}`;
  await screen.findByText(under);
  await screen.findByText('boxes · Docker');
  await userEvent.click(screen.getByRole('combobox', { name: 'Resource group' }));
  await screen.findByText('plain · The default (Processes)');
  expect(screen.getAllByText(under)).toHaveLength(2);
});

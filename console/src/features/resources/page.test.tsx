import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';
import { renderPage } from '@/test/render';
import { refusal, serve } from '@/test/server';
import { Page as GroupPage } from './group';
import { Page } from './page';

const AWAY = 'The Docker engine does not answer';
const NOTHING = { cpu: 0, memory_gb: 0, gpu: 0 };
const ROOM = { cpu: 4, memory_gb: 8, gpu: 0 };
const GROUP = {
  id: '1',
  name: 'boxes',
  description: '',
  tags: {},
  backend: 'docker',
  projects: [],
  service: null,
  is_bound: false,
  nodes: 1,
  capacity: NOTHING,
  creator: 'admin',
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
  revision: 1,
};
const POOL = { capacity: ROOM, free: ROOM, gpu_kinds: [], is_open: true, held: [], waiting: [] };
const CAPACITY = {
  machine: 'here',
  backends: [
    { name: 'process', is_default: true, machine: 'here', problem: null },
    { name: 'docker', is_default: false, machine: 'unix:///docker.sock', problem: AWAY },
  ],
  pools: [
    { group: null, node: null, ...POOL },
    { group: 'boxes', node: 'n1', ...POOL },
  ],
};
const ANSWERS = {
  'GET /capacity': CAPACITY,
  'GET /resource-groups': { items: [GROUP], next_cursor: null },
  'GET /resource-groups/boxes': GROUP,
  'GET /resource-groups/boxes/nodes': { items: [] },
};

async function hintOf(row: HTMLElement): Promise<void> {
  await userEvent.hover(within(row).getByText('Away'));
  await screen.findByText(AWAY);
}

test.each(['groups', 'capacity'])('the list of %s says which backend is away, and why', async (tab) => {
  serve(ANSWERS);
  renderPage(Page, { path: '/resources', at: `/resources?tab=${tab}` });
  await screen.findByText('Away');
  const row = screen.getByRole('row', { name: /boxes.*Docker/ });
  await hintOf(row);
  expect(screen.getAllByText('Away')).toHaveLength(1);
});

test('a backend that is away says so in the choice and once it is chosen', async () => {
  serve(ANSWERS);
  renderPage(Page, { path: '/resources', at: '/resources?tab=groups' });
  await userEvent.click(await screen.findByRole('button', { name: 'New group' }));
  const field = await screen.findByRole('combobox', { name: 'Run by' });
  const sentence = `Cannot run pods now: ${AWAY}`;
  expect(screen.queryByText(sentence)).toBeNull();
  expect(screen.queryByText(/are replaced/)).toBeNull();
  await userEvent.click(field);
  await userEvent.click(await screen.findByText(sentence));
  expect(within(screen.getByRole('dialog')).getByRole('status').textContent).toBe(sentence);
});

test('the page of a group has the sentence', async () => {
  serve(ANSWERS);
  renderPage(GroupPage, { path: '/resources/$group', at: '/resources/boxes' });
  await screen.findByText(AWAY);
  await screen.findByText('Docker on unix:///docker.sock');
  await userEvent.click(screen.getByRole('button', { name: 'Change what runs its pods' }));
  await screen.findByText(/^Pods that another backend runs are replaced/);
});

test('each kind of GPU, and what each version holds of one, has a line; no room is shown that is not there', async () => {
  const [h200, a10] = ['NVIDIA H200', 'NVIDIA A10'].map((kind) => ({ kind, gpu: 2, free: 1 }));
  const hold = { project: 'default', service: 'wine', version: 'v1', pods: 1, cpu: 1, memory_gb: 1, gpu: 1 };
  const held = ['H200', 'A10'].map((gpu_kind) => ({ ...hold, gpu_kind }));
  const free = { cpu: 0.15, memory_gb: 0.25, gpu: 1 };
  const pool = { group: null, node: null, ...POOL, free, gpu_kinds: [h200, a10], held };
  serve({ ...ANSWERS, 'GET /capacity': { ...CAPACITY, pools: [pool] } });
  renderPage(Page, { path: '/resources', at: '/resources?tab=capacity' });
  await screen.findByText('1 of 2 NVIDIA H200 free');
  screen.getByText('1 of 2 NVIDIA A10 free');
  screen.getByText('1 × H200');
  screen.getByText('1 × A10');
  screen.getByText('0.15 of 4 cores free');
  screen.getByText('0.25 of 8 GiB free');
});

test('who waits in a group without nodes is seen, with what they ask for', async () => {
  const asks = { project: 'default', service: 'wine', version: 'v1', pods: 2, cpu: 2, memory_gb: 4 };
  const others = { project: null, service: null, version: null, pods: 1, cpu: 1, memory_gb: 1, gpu: 0 };
  const waiting = [
    { ...asks, gpu: 2, gpu_kind: 'H200' },
    { ...others, gpu_kind: null },
  ];
  const empty = { ...POOL, group: 'boxes', node: null, capacity: NOTHING, free: NOTHING, is_open: false };
  serve({ ...ANSWERS, 'GET /capacity': { ...CAPACITY, pools: [{ ...empty, waiting }] } });
  renderPage(Page, { path: '/resources', at: '/resources?tab=capacity' });
  const row = await screen.findByRole('row', { name: /boxes.*No nodes yet: add one/ });
  within(row).getByText('wine / v1');
  within(row).getByText('2 pods: 2 cores, 4 GiB, 2 × H200');
  within(row).getByText('Other projects');
  within(row).getByText('1 pod: 1 core, 1 GiB');
  expect(within(row).getByRole('link', { name: 'boxes' }).getAttribute('href')).toMatch(/resources\/boxes$/);
});

test('a name that is taken is said at the name, where the cursor is', async () => {
  const taken = "There is already a resource group 'boxes'";
  const refused = () => refusal(409, taken, [{ loc: ['name'], msg: taken }]);
  serve({ ...ANSWERS, 'POST /resource-groups': refused });
  renderPage(Page, { path: '/resources', at: '/resources?tab=groups' });
  await userEvent.click(await screen.findByRole('button', { name: 'New group' }));
  const name = await screen.findByLabelText('Name');
  await userEvent.type(name, 'boxes');
  await userEvent.click(screen.getByRole('button', { name: 'Create' }));
  await screen.findByText(taken);
  expect(screen.getAllByText(taken)).toHaveLength(1);
  expect(name.getAttribute('aria-invalid')).toBe('true');
  expect(document.activeElement).toBe(name);
});

test('a size with an emptied number is refused before it is sent', async () => {
  serve({ ...ANSWERS, 'GET /resource-specs': { items: [] } });
  renderPage(Page, { path: '/resources', at: '/resources' });
  await userEvent.click(await screen.findByRole('button', { name: 'New spec' }));
  await userEvent.clear(await screen.findByLabelText('GPUs'));
  await userEvent.clear(screen.getByLabelText('Price per hour'));
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  await screen.findByText('Please enter GPUs');
  await screen.findByText('Please enter Price per hour');
});

import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { renderPage } from '@/test/render';
import { EnvironmentNotice } from './EnvironmentNotice';
import type { ModelVersion } from './queries';

const WINE = { name: 'wine', version: '1', requirements: ['pandas==1.0'] } as unknown as ModelVersion;

function show(environment: ModelVersion['environment']): void {
  renderPage(() => <EnvironmentNotice version={{ ...WINE, environment: environment ?? null }} />, {
    path: '/',
  });
}

test('a version whose environment must be built says so, and because of which lines', async () => {
  show({ state: 'to_build', unmet: ['pandas==1.0 (here: 2.2)'] });
  expect((await screen.findByRole('alert')).textContent).toMatch(/takes minutes.*pandas==1.0 \(here: 2.2\)/);
});

test('what cannot be told is told in general', async () => {
  show(null);
  expect((await screen.findByRole('alert')).textContent).toMatch(/Where these lines ask for other libraries/);
});

import { cleanup, configure } from '@testing-library/react';
import { afterEach, beforeAll, vi } from 'vitest';
import { loadPageTexts, loadTexts } from '@/i18n';

// Hidden elements count: whether one is visible costs happy-dom more than the rest of a test. A failure says its sentence, not
// the whole page.
configure({
  asyncUtilTimeout: 5_000,
  defaultHidden: true,
  getElementError: (message) => new Error(message ?? 'not found'),
});

// What Ant Design asks a browser for and happy-dom does not have.
window.matchMedia ??= ((query: string) => ({
  matches: false,
  media: query,
  addEventListener() {},
  removeEventListener() {},
  addListener() {},
  removeListener() {},
})) as unknown as typeof window.matchMedia;

beforeAll(async () => {
  await loadPageTexts();
  await Promise.all([loadTexts('en'), loadTexts('zh')]);
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  localStorage.clear();
});

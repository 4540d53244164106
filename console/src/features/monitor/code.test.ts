import { expect, test } from 'vitest';
import { codeForms } from './code';

test('a call for charts asks for what the page shows, and for nothing that was left open', () => {
  const filter = {
    metrics: [],
    from: null,
    to: null,
    spanS: 3600,
    step: 60,
    by: 'pod',
    version: 'v1',
    pod: '',
  };
  const forms = codeForms({ service: 'wine', ...filter, by: 'pod' });
  expect(forms.cli).toBe(
    'penstock charts wine requests_per_second latency_p99 --by pod --version v1 --step 60',
  );
  expect(forms.curl).toContain(
    '/api/v1/services/wine/charts?metrics=requests_per_second%2Clatency_p99&by=pod',
  );
  expect(forms.python).toContain('client.charts("wine", ["requests_per_second", "latency_p99"], by="pod"');
});

/** Texts of what several pages share. */
export const components = {
  copy: 'Copy',
  copied: 'Copied',
  error: {
    retry: 'Try again',
    requestId: 'Request',
    sentence: (status: number) => {
      if (status === 0) return 'The control plane does not answer';
      return status === -1 ? 'This page has failed' : `The control plane answered with status ${status}`;
    },
    next: {
      correct: 'Correct it and try again.',
      reload: 'Somebody else has changed it since: look at the new state, then decide.',
      'sign-in': 'Sign in again.',
      'ask-admin': 'Ask an administrator of the project for the role that this needs.',
      wait: 'It will pass by itself, or needs whoever operates the platform; try again in a moment.',
      operator: 'Tell whoever operates the platform, with the request id.',
    },
  },
  duration: {
    hint: 'Such as 30 min, 6 h, 1 d, or PT6H.',
    wrong: 'A number and a unit: 10 s, 30 min, 6 h, 1 d',
  },
  asCode: 'As code',
  nextStep: 'Next step:',
  confirm: { typeName: (name: string) => `Type ${name} to go on` },
  range: {
    title: 'Time range',
    '1h': '1 h',
    '24h': '24 h',
    '7d': '7 days',
    '15d': '15 days',
    '30d': '30 days',
    own: 'Own',
  },
  status: {
    draft: 'Draft',
    starting: 'Starting',
    running: 'Running',
    updating: 'Updating',
    degraded: 'Degraded',
    failed: 'Failed',
    stopping: 'Stopping',
    stopped: 'Stopped',
    Waiting: 'Waiting',
    Running: 'Running',
    Failed: 'Failed',
    Terminating: 'Terminating',
  },
  chart: {
    asTable: 'As table',
    asChart: 'As chart',
    csv: 'Download as CSV',
    time: 'Time',
    empty: 'No values in this time range',
    label: (title: string, lines: number) =>
      `Chart of ${title}, lines: ${lines}; its values are in the table view`,
  },
  pager: { title: 'Pages', first: 'First', previous: 'Previous', next: 'Next' },
};

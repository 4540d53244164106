import { counted, isOne } from '../counted';

/** What became of every request that was to be recorded. */
export const accounting = {
  title: 'What became of every request',
  intro:
    'accepted = stored + dropped + on the way + missing, by when requests came in. Numbers are some seconds behind.',
  accepted: 'Accepted',
  stored: 'Stored',
  dropped: 'Dropped',
  onTheWay: 'On the way',
  missing: 'Missing',
  balance: 'Balance',
  missingTitle: (count: string) =>
    `${counted(count, 'request')} ${isOne(count) ? 'is in no table and not on its' : 'are in no table and not on their'} way`,
  missingHint:
    'A table that was removed by hand makes this, or an erasure within ten minutes of the request. Otherwise tell whoever operates the platform.',
  droppedTitle: 'Why rows were dropped',
  reason: 'Reason',
  requests: 'Requests',
  share: 'Share of the accepted',
  empty: 'Nothing was dropped',
  emptyHint: 'Every accepted request of this time range is stored or on its way.',
  none: 'No request was to be recorded in this time range',
  noneHint: 'Choose a longer range, or switch on log delivery of a version.',
  reasons: {
    not_sampled: 'Outside of the sample: the version records a share of its requests.',
    debug: 'A debug request.',
    spool_full: 'The router’s spool was full: the logger was away for too long.',
    disk_full: 'The router’s disk was full.',
    record_too_large: 'The record was larger than the router keeps.',
    dead_letter: 'The record could not be read: it is among the dead letters.',
    parking_full: 'The table could not be written, and the parking area was full.',
    parking_unwritable: 'The table could not be written, and the parking area neither.',
    parking_damaged: 'A parked file was damaged.',
    erased: 'Erased on order.',
  } as Record<string, string>,
};

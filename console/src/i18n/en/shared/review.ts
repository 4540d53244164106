/** Texts of the review before an update is stored. */
export const review = {
  title: 'What will change',
  field: 'Field',
  before: 'Now',
  after: 'Then',
  notSet: 'not set',
  nothing: 'Nothing would change.',
  replacesPods:
    'Pods are replaced: new ones start beside the old ones, which go on until the new ones are ready. No request fails.',
  keepsPods: 'Pods go on as they are.',
  apply: 'Apply',
  conflictTitle: 'Somebody else has changed it since',
  conflictHint: 'While you were editing, these fields were changed. Yours is not lost: choose how to go on.',
  opened: 'When you began',
  theirs: 'Now',
  yours: 'Yours',
  untouched: 'not changed by you',
  keepMine: 'Put mine over it',
  keepMineHint: 'Fields that you did not touch stay as they are now.',
  keepMineAllHint: 'Mine is all of the fields, as the form has them.',
  takeTheirs: 'Drop mine, take what is there now',
};

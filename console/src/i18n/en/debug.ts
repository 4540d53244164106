export const debug = {
  title: 'Debug',
};

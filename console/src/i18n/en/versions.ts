export const versions = {
  title: 'Versions',
  version: 'Version',
};

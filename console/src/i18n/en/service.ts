export const service = {
  title: 'Service',
  overview: 'Overview',
  settings: 'Settings',
};

export const requests = {
  title: 'Requests and tables',
  request: 'Request',
};

export const models = {
  title: 'Models',
  model: 'Model',
};

export const platform = {
  title: 'Platform',
};

export const resources = {
  title: 'Resources',
  group: 'Resource group',
};

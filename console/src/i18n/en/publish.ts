export const publish = {
  title: 'New service',
};

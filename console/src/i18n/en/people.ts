export const people = {
  title: 'People',
  project: 'Project',
};

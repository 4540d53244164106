export * from './changes';
export * from './client';
export * from './errors';
export * from './pages';
export * from './session';

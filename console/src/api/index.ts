export * from './changes';
export * from './client';
export * from './errors';
export * from './lists';
export * from './pages';
export * from './services';
export * from './session';
export * from './writes';

export * from './changes';
export * from './client';
export * from './errors';
export * from './services';
export * from './session';

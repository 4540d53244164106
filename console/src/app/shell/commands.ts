import { queryString, type Session } from '@/api';
import type { Texts } from '@/i18n';
import { topPages } from './pages';

/** Something that the palette goes to or does. */
export interface Command {
  readonly key: string;
  readonly label: string;
  readonly hint?: string;
  /** Address in the console. */
  readonly to: string;
}

/** What can be gone to without naming a service. */
export function pageCommands(t: Texts['shell'], session: Session): Command[] {
  const pages = topPages(t, session).map((page) => ({ key: page.to, label: page.label, to: page.to }));
  return [...pages, { key: 'publish', label: t.newService, to: '/publish' }];
}

const TABS = [
  'versions',
  'debug',
  'monitor',
  'logs',
  'events',
  'keys',
  'requests',
  'tables',
  'quality',
  'retraining',
  'settings',
] as const;

/** What can be done with a service: its page first, then each tab. */
export function serviceCommands(t: Texts['shell'], service: string): Command[] {
  const to = `/services/${encodeURIComponent(service)}`;
  return [
    { key: to, label: service, hint: t.tabs.overview, to },
    ...TABS.map((tab) => ({ key: `${to}/${tab}`, label: service, hint: t.tabs[tab], to: `${to}/${tab}` })),
    { key: `${to} add`, label: service, hint: t.addVersion, to: `/publish${queryString({ service })}` },
  ];
}

/** Commands in which every word of `typed` occurs, those that begin with it first. */
export function matching(commands: readonly Command[], typed: string): Command[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const said = (command: Command) => `${command.label} ${command.hint ?? ''}`.toLowerCase();
  const found = commands.filter((command) => words.every((word) => said(command).includes(word)));
  const isFirst = (command: Command) => command.label.toLowerCase().startsWith(words[0] ?? '');
  return [...found.filter(isFirst), ...found.filter((command) => !isFirst(command))];
}

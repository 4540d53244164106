import { Tabs } from 'antd';
import { CodeBlock } from './CodeBlock';

/** The same call in other words; a form that does not exist is left out. */
export interface CodeForms {
  readonly cli?: string;
  readonly curl?: string;
  readonly python?: string;
  readonly javascript?: string;
  readonly java?: string;
  readonly json?: string;
}

const NAMES: Record<keyof CodeForms, string> = {
  cli: 'CLI',
  curl: 'curl',
  python: 'Python',
  javascript: 'JavaScript',
  java: 'Java',
  json: 'JSON',
};

/** Tabs with the call in each form, each with its copy button. */
export function CodeTabs({ forms }: { forms: CodeForms }) {
  const items = (Object.keys(NAMES) as (keyof CodeForms)[])
    .filter((key) => forms[key] !== undefined)
    .map((key) => ({
      key,
      label: NAMES[key],
      children: <CodeBlock code={forms[key] ?? ''} />,
    }));
  return <Tabs size="small" items={items} />;
}

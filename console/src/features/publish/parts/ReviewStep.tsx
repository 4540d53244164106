import { Descriptions, Form, Typography } from 'antd';
import { CodeTabs } from '@/components/code/CodeTabs';
import { type Texts, useTexts } from '@/i18n';
import { codeForms } from '../code';
import type { Draft } from '../draft';
import { Cost } from './Cost';
import type { StepProps } from './PublishForm';

export function ReviewStep({ service }: StepProps) {
  const { publish: t, versionFields: f, versions, common } = useTexts();
  const form = Form.useFormInstance<Draft>();
  const draft = Form.useWatch((values: Draft) => values, { form, preserve: true });
  if (draft?.version === undefined) return null;
  const { version } = draft;
  const { kind, model, version: number, alias, image } = version.model_source;
  const registered = version.by === 'alias' ? `${model}@${alias}` : `${model}/${number}`;
  const rows: [key: string, label: string, value: string][] = [
    ['name', t.name, service || draft.name || '–'],
    ['project', t.project, draft.project],
    kind === 'image' ? ['image', f.source.image, image?.image ?? '–'] : ['model', f.model, registered],
    ['resources', t.steps.resources, resources(version, versions.group)],
    ['pods', f.scaling, pods(version)],
    ['auth', t.auth, draft.auth_enabled ? common.yes : common.no],
    ['limit', f.qps, version.rate_limit ? String(version.rate_limit.qps) : f.none],
    ['tables', f.delivery, version.log_delivery?.enabled === false ? common.no : common.yes],
  ];
  const shown = service === '' ? rows : rows.filter(([key]) => key !== 'auth' && key !== 'project');
  return (
    <>
      <Descriptions
        bordered
        size="small"
        column={{ xs: 1, lg: 2 }}
        items={shown.map(([key, label, children]) => ({ key, label, children }))}
      />
      <Cost version={version} />
      <Typography.Paragraph style={{ marginTop: 16 }}>{t.reviewHint}</Typography.Paragraph>
      <CodeTabs forms={codeForms(draft, service, true)} />
    </>
  );
}

function resources({ resource_source: from }: Draft['version'], group: Texts['versions']['group']): string {
  if (from === undefined) return '–';
  if (from.kind !== 'group') return from.spec ?? '–';
  return group(from.group, from.cpu, from.memory_gb, from.gpu, from.gpu_kind ?? '');
}

function pods({ replicas }: Draft['version']): string {
  return typeof replicas === 'object' ? `${replicas.min ?? 0} – ${replicas.max}` : String(replicas);
}

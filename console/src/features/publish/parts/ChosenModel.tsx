import { useQuery } from '@tanstack/react-query';
import { Card, Form, Skeleton } from 'antd';
import { asApiError } from '@/api';
import { ModelVersionDetails } from '@/components/model/ModelVersionDetails';
import { modelQuery, modelVersionQuery } from '@/components/model/queries';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { useTexts } from '@/i18n';
import type { Draft } from '../draft';

/** The chosen version as the registry describes it: signature, example, requirements, origin. */
export function ChosenModel() {
  const t = useTexts().models;
  const by = Form.useWatch<Draft['by']>('by');
  const source = Form.useWatch<Draft['version']['model_source']>(['version', 'model_source']);
  const { model = '', registry = '', version = '', alias = '' } = source ?? {};
  const named = useQuery({ ...modelQuery(model, registry), enabled: by === 'alias' && model !== '' });
  const chosen = by === 'alias' ? (named.data?.aliases?.[alias] ?? '') : version;
  const { data, error, isPending } = useQuery(modelVersionQuery(model, chosen, registry));
  if (model === '' || chosen === '') return null;
  return (
    <Card size="small" type="inner" title={`${model} · ${t.details(chosen)}`}>
      {error !== null && <ErrorNotice error={asApiError(error)} />}
      {isPending && error === null && <Skeleton active />}
      {data !== undefined && <ModelVersionDetails version={data} />}
    </Card>
  );
}

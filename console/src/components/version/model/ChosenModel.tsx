import { useQuery } from '@tanstack/react-query';
import { Card, Skeleton } from 'antd';
import { asApiError } from '@/api';
import { ModelVersionDetails } from '@/components/model/ModelVersionDetails';
import { modelQuery, modelVersionQuery } from '@/components/model/queries';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { useTexts } from '@/i18n';
import { useValue } from '../place';

/** The chosen version as the registry describes it: signature, example, requirements, origin. */
export function ChosenModel() {
  const t = useTexts().models;
  const [by] = useValue('by');
  const [source] = useValue('model_source');
  const { model = '', registry = '', version = '', alias = '' } = source ?? {};
  const named = useQuery({ ...modelQuery(model, registry), enabled: by === 'alias' && model !== '' });
  const chosen = by === 'alias' ? (named.data?.aliases?.[alias] ?? '') : version;
  const { data, error, isPending } = useQuery(modelVersionQuery(model, chosen, registry));
  if (model === '' || chosen === '') return null;
  return (
    <Card size="small" type="inner" style={{ marginBottom: 24 }} title={`${model} · ${t.details(chosen)}`}>
      {error !== null && <ErrorNotice error={asApiError(error)} />}
      {isPending && error === null && <Skeleton active />}
      {data !== undefined && <ModelVersionDetails version={data} />}
    </Card>
  );
}

import { useQuery } from '@tanstack/react-query';
import { Result, Skeleton } from 'antd';
import { asApiError, editableProjects, projectsQuery, serviceQuery, useSession } from '@/api';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { PageHeader } from '@/components/page/PageHeader';
import { oneOf, text, useSearchState } from '@/components/page/useSearchState';
import { useTexts } from '@/i18n';
import { newDraft } from './draft';
import { keptDraft } from './kept';
import { PublishForm } from './parts/PublishForm';
import { STEPS } from './steps';

const PARAMS = {
  step: oneOf(STEPS, 'basics'),
  service: text(),
  model: text(),
  version: text(),
  alias: text(),
  registry: text(),
};

/** A new service, or (`?service=`) a further version of one that exists. */
export function Page() {
  const t = useTexts().publish;
  const session = useSession();
  const [search, setSearch] = useSearchState(PARAMS);
  const service = useQuery(serviceQuery(search.service));
  const projects = useQuery({ ...projectsQuery, enabled: session.is_admin });
  const own = editableProjects(session);
  const mayUse = session.is_admin ? (projects.data?.map(({ name }) => name) ?? own) : own;
  const isAdding = search.service !== '';
  const title = isAdding ? t.addTitle(search.service) : t.title;
  const isReady = isAdding ? service.data !== undefined : !session.is_admin || !projects.isPending;
  const failure = service.error ?? projects.error;
  if (isReady && mayUse.length === 0) {
    return <Result status="403" title={t.notAllowed} subTitle={t.notAllowedHint} />;
  }
  const { model, version, alias, registry } = search;
  const project = service.data?.project ?? (mayUse.includes('default') ? 'default' : (mayUse[0] ?? ''));
  return (
    <>
      <PageHeader title={title} description={t.subtitle} />
      {failure !== null && <ErrorNotice error={asApiError(failure)} />}
      {failure === null && !isReady && <Skeleton active />}
      {isReady && (
        <PublishForm
          key={search.service}
          service={search.service}
          projects={mayUse}
          step={search.step}
          setStep={(step) => setSearch({ step }, { push: true })}
          initial={
            keptDraft(`${search.service} ${model} ${version} ${alias}`) ??
            newDraft(project, { model, version, alias, registry })
          }
          keptAs={`${search.service} ${model} ${version} ${alias}`}
        />
      )}
    </>
  );
}

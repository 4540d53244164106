import { PlusOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Button } from 'antd';
import { lazy, Suspense } from 'react';
import { asApiError, editableProjects, useSession } from '@/api';
import { AsCode } from '@/components/code/AsCode';
import { CursorPager } from '@/components/page/CursorPager';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { PageHeader } from '@/components/page/PageHeader';
import { useTexts } from '@/i18n';
import { codeForms } from './code';
import { isUnfiltered } from './filters';
import { ServiceTable } from './parts/ServiceTable';
import { servicesQuery } from './queries';
import { useFilters } from './useFilters';

const FilterBar = lazy(async () => ({ default: (await import('./parts/FilterBar')).FilterBar }));
const FirstSteps = lazy(async () => ({ default: (await import('./parts/FirstSteps')).FirstSteps }));

/** The home page: what runs, what does not, and why. */
export function Page() {
  const t = useTexts().services;
  const session = useSession();
  const [filters, setFilters] = useFilters();
  const { data, error, isPending, isPlaceholderData, refetch } = useQuery(servicesQuery(filters));
  const mayPublish = session.is_admin || editableProjects(session).length > 0;
  const isNew = data?.items.length === 0 && isUnfiltered(filters);
  return (
    <>
      <PageHeader
        title={t.title}
        actions={
          <>
            <AsCode forms={codeForms(filters)} />
            {mayPublish && (
              <Link to="/publish">
                <Button type="primary" icon={<PlusOutlined />}>
                  {t.create}
                </Button>
              </Link>
            )}
          </>
        }
      />
      {error !== null && <ErrorNotice error={asApiError(error)} retry={() => void refetch()} />}
      {isNew ? (
        <Suspense>
          <FirstSteps mayPublish={mayPublish} />
        </Suspense>
      ) : (
        <>
          <Suspense fallback={<div style={{ height: 44 }} />}>
            <FilterBar filters={filters} setFilters={setFilters} />
          </Suspense>
          <ServiceTable
            page={data}
            isLoading={isPending || isPlaceholderData}
            sort={filters.sort}
            setFilters={setFilters}
          />
          <CursorPager
            cursor={filters.cursor}
            next={data?.next_cursor}
            onChange={(cursor) => setFilters({ cursor }, { push: true })}
          />
        </>
      )}
    </>
  );
}

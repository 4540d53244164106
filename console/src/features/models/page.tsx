import { useQuery } from '@tanstack/react-query';
import { Flex } from 'antd';
import { asApiError } from '@/api';
import { AsCode } from '@/components/code/AsCode';
import { curlOf, pythonOf } from '@/components/code/curl';
import { SearchField } from '@/components/filter/FilterField';
import { modelsQuery } from '@/components/model/queries';
import { RegistrySelect } from '@/components/model/RegistrySelect';
import { CursorPager } from '@/components/page/CursorPager';
import { EmptyState } from '@/components/page/EmptyState';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { PageHeader } from '@/components/page/PageHeader';
import { text, useSearchState } from '@/components/page/useSearchState';
import { useTexts } from '@/i18n';
import { ModelTable } from './parts/ModelTable';

const PARAMS = { search: text(), registry: text(), cursor: text() };

/** The registry's models, and the way to publish one. */
export function Page() {
  const t = useTexts().models;
  const [search, setSearch] = useSearchState(PARAMS);
  const { data, error, isPending, isPlaceholderData, refetch } = useQuery(
    modelsQuery(search.search, search.registry, search.cursor),
  );
  const forms = {
    cli: 'penstock models list',
    curl: curlOf('GET', '/models'),
    python: pythonOf('for model in client.models():', '    print(model)'),
  };
  const empty = search.search === '' ? { title: t.empty, hint: t.emptyHint } : { title: t.noneFound };
  return (
    <>
      <PageHeader title={t.title} description={t.subtitle} actions={<AsCode forms={forms} />} />
      <Flex gap="small" wrap style={{ marginBottom: 16 }}>
        <SearchField
          label={t.search}
          width={280}
          value={search.search}
          onChange={(value) => setSearch({ search: value, cursor: '' })}
        />
        <RegistrySelect
          value={search.registry}
          onChange={(registry) => setSearch({ registry, cursor: '' })}
        />
      </Flex>
      {error !== null && <ErrorNotice error={asApiError(error)} retry={() => void refetch()} />}
      {error === null && (
        <ModelTable
          models={data?.items ?? []}
          registry={search.registry}
          isLoading={isPending || isPlaceholderData}
          empty={<EmptyState {...empty} />}
        />
      )}
      <CursorPager
        cursor={search.cursor}
        next={data?.next_cursor}
        onChange={(cursor) => setSearch({ cursor }, { push: true })}
      />
    </>
  );
}

import { PageHeader } from '@/components/page/PageHeader';
import { useTexts } from '@/i18n';
import { Destinations } from './parts/Destinations';

/** Where inference tables may lie, and how these places do. */
export function Page() {
  const t = useTexts().destinations;
  return (
    <>
      <PageHeader title={t.title} description={t.description} />
      <Destinations />
    </>
  );
}

import { PageHeader } from '@/components/PageHeader';
import { useTexts } from '@/i18n';

export function Page() {
  const t = useTexts().debug;
  return <PageHeader title={t.title} />;
}

import { PageHeader } from '@/components/PageHeader';
import { useTexts } from '@/i18n';

export function Page() {
  const t = useTexts().versions;
  return <PageHeader title={t.version} />;
}

import { Link } from '@tanstack/react-router';
import { Button } from 'antd';
import { EmptyState } from '@/components/page/EmptyState';
import { useTexts } from '@/i18n';

export function NotFound() {
  const t = useTexts().shell;
  return (
    <EmptyState title={t.notFound} hint={t.notFoundHint}>
      <Link to="/services">
        <Button type="primary">{t.toServices}</Button>
      </Link>
    </EmptyState>
  );
}

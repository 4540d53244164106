import { Link } from '@tanstack/react-router';
import { Button, Result } from 'antd';
import { useTexts } from '@/i18n';

export function NotFound() {
  const t = useTexts().shell;
  return (
    <Result
      status="404"
      title={t.notFound}
      subTitle={t.notFoundHint}
      extra={
        <Link to="/services">
          <Button type="primary">{t.toServices}</Button>
        </Link>
      }
    />
  );
}

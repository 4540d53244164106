import { Link } from '@tanstack/react-router';
import { Card } from 'antd';
import type { Service } from '@/api';
import { CodeTabs } from '@/components/code/CodeTabs';
import { callForms } from '@/components/code/callForms';
import { useTexts } from '@/i18n';

export function HowToCallCard({ service }: { service: Service }) {
  const t = useTexts().service;
  return (
    <Card
      size="small"
      title={t.howToCall}
      extra={
        service.auth_enabled && (
          <Link to="/services/$service/keys" params={{ service: service.name }}>
            {t.createKey}
          </Link>
        )
      }
    >
      <CodeTabs forms={callForms(service)} />
    </Card>
  );
}

import { MoreOutlined } from '@ant-design/icons';
import { Link } from '@tanstack/react-router';
import { Button } from 'antd';
import { lazy, Suspense, useState } from 'react';
import { useTexts } from '@/i18n';
import type { Service } from '../queries';

const RowMenu = lazy(async () => ({ default: (await import('./RowMenu')).RowMenu }));
const ROW = { whiteSpace: 'nowrap' } as const;

/** What may be done with a service from its row: its charts in one click, everything else in a menu. */
export function RowActions({ service }: { service: Service }) {
  const t = useTexts().services;
  const [isAsked, setAsked] = useState(false);
  const button = (
    <Button
      type="text"
      size="small"
      icon={<MoreOutlined />}
      aria-label={t.moreActions(service.name)}
      aria-haspopup="menu"
      onClick={() => setAsked(true)}
    />
  );
  return (
    <span style={ROW}>
      <Link to="/services/$service/monitor" params={{ service: service.name }} style={{ marginInlineEnd: 8 }}>
        {t.monitor}
      </Link>
      {isAsked ? (
        <Suspense fallback={button}>
          <RowMenu service={service} />
        </Suspense>
      ) : (
        button
      )}
    </span>
  );
}

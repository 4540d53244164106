import { useTexts } from '@/i18n';
import type { Service } from '../queries';

/** Ant Design's variables: a row that asked for the theme's tokens would cost more to show. */
const COLORS = ['var(--ant-color-primary)', 'var(--ant-color-warning)', 'var(--ant-color-success)'];
const BAR = { display: 'flex', height: 6, borderRadius: 3, overflow: 'hidden' };

/** The split over the versions: a bar with a word for each share. */
export function SplitBar({ versions }: { versions: Service['versions'] }) {
  const t = useTexts().services;
  const shares = versions.filter((version) => version.traffic_weight > 0);
  if (shares.length === 0) return <>–</>;
  return (
    <div style={{ minWidth: 110 }}>
      <div style={BAR} aria-hidden>
        {shares.map((version, index) => (
          <div
            key={version.name}
            style={{ flexGrow: version.traffic_weight, background: COLORS[index % COLORS.length] }}
          />
        ))}
      </div>
      <div style={{ fontSize: 'var(--ant-font-size-sm)' }}>
        {shares.map((version) => t.share(version.name, version.traffic_weight)).join(' · ')}
      </div>
    </div>
  );
}

import { Flex, theme } from 'antd';
import { useTexts } from '@/i18n';
import type { Service } from '../queries';

/** The split over the versions: a bar with a word for each share. */
export function SplitBar({ versions }: { versions: Service['versions'] }) {
  const t = useTexts().services;
  const { token } = theme.useToken();
  const shares = versions.filter((version) => version.traffic_weight > 0);
  if (shares.length === 0) return <>–</>;
  const colors = [token.colorPrimary, token.colorWarning, token.colorSuccess];
  return (
    <div style={{ minWidth: 110 }}>
      <Flex style={{ height: 6, borderRadius: 3, overflow: 'hidden' }} aria-hidden>
        {shares.map((version, index) => (
          <div
            key={version.name}
            style={{ flexGrow: version.traffic_weight, background: colors[index % colors.length] }}
          />
        ))}
      </Flex>
      <div style={{ fontSize: token.fontSizeSM }}>
        {shares.map((version) => t.share(version.name, version.traffic_weight)).join(' · ')}
      </div>
    </div>
  );
}

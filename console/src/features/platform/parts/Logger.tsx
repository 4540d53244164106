import { useQuery } from '@tanstack/react-query';
import { Card, Flex, Statistic } from 'antd';
import { useFormats, useTexts } from '@/i18n';
import { platformQuery } from '../queries';

/** How far behind the recording of requests is. */
export function Logger() {
  const t = useTexts().platform.logger;
  const formats = useFormats();
  const { data } = useQuery(platformQuery);
  const logger = data?.inference_logger;
  if (!logger) return null;
  return (
    <Card size="small" title={t.title}>
      <Flex gap="large" wrap>
        <Statistic title={t.pending} value={logger.pending ?? '–'} />
        <Statistic title={t.unacked} value={logger.unacked ?? '–'} />
        <Statistic
          title={t.oldest}
          value={logger.oldest_age_s == null ? '–' : formats.duration(logger.oldest_age_s)}
        />
      </Flex>
    </Card>
  );
}

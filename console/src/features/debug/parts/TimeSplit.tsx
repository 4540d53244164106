import { Flex, Typography, theme } from 'antd';
import { useFormats, useTexts } from '@/i18n';
import type { Answer } from '../queries';
import { type Part, splitOf } from '../timings';

/** How long it took, as a bar of its parts with their names and times. */
export function TimeSplit({ answer }: { answer: Answer }) {
  const t = useTexts().debug;
  const formats = useFormats();
  const { token } = theme.useToken();
  const colors: Record<Part, string> = {
    router: token.colorWarning,
    queue: token.colorError,
    predict: token.colorPrimary,
    other: token.colorTextQuaternary,
  };
  const split = splitOf(answer);
  return (
    <div>
      <Typography.Text>
        {t.time} <strong>{formats.milliseconds(answer.duration_ms)}</strong>
      </Typography.Text>
      {split.length === 0 ? (
        <Typography.Text type="secondary"> {t.noParts}</Typography.Text>
      ) : (
        <>
          <Flex aria-hidden style={{ height: 8, margin: '6px 0', borderRadius: 4, overflow: 'hidden' }}>
            {split.map(([part, ms]) => (
              <div key={part} style={{ flex: `${ms} 0 1px`, background: colors[part] }} />
            ))}
          </Flex>
          <Flex gap="middle" wrap>
            {split.map(([part, ms]) => (
              <Typography.Text key={part} type="secondary">
                <span aria-hidden style={{ color: colors[part] }}>
                  ■
                </span>{' '}
                {t.parts[part]} {formats.milliseconds(ms)}
              </Typography.Text>
            ))}
          </Flex>
        </>
      )}
    </div>
  );
}

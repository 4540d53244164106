import { Alert, Button, Flex } from 'antd';
import type { ApiError } from '@/api';
import { useTexts } from '@/i18n';
import { CopyText } from '../text/CopyText';

/** An error as a sentence, whose move it is, and the request id to hand on. */
export function ErrorNotice({ error, retry }: { error: ApiError; retry?: () => void }) {
  const t = useTexts().components.error;
  const lines = error.details.filter((detail) => detail.msg !== error.message);
  return (
    <Alert
      type="error"
      showIcon
      role="alert"
      style={{ marginBottom: 16 }}
      title={error.message || t.sentence(error.status)}
      description={
        <Flex vertical gap={4}>
          {lines.map((detail) => (
            <div key={`${detail.loc.join('.')} ${detail.msg}`}>
              <code>{detail.loc.join('.')}</code> {detail.msg}
            </div>
          ))}
          <div>{t.next[error.nextMove]}</div>
          {error.requestId !== null && (
            <div>
              {t.requestId} <CopyText text={error.requestId} />
            </div>
          )}
        </Flex>
      }
      action={
        retry !== undefined && (
          <Button size="small" onClick={retry}>
            {t.retry}
          </Button>
        )
      }
    />
  );
}

import { useQuery } from '@tanstack/react-query';
import { Alert, Card, Flex, Modal, Skeleton, Tag } from 'antd';
import { api, asApiError, data, type Schemas } from '@/api';
import { CodeBlock } from '@/components/code/CodeBlock';
import { EmptyState } from '@/components/page/EmptyState';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { useTexts } from '@/i18n';
import type { RecordedVersion } from './recorded';
import type { MaskRule } from './rules';

type Preview = Schemas['MaskingPreviewView'];
type MaskedRow = Schemas['MaskedRow'];

const NEWEST = 3;

/** The newest recorded requests as rules would leave them; nothing is stored. */
export function MaskingPreview(props: RecordedVersion & { rules: readonly MaskRule[]; onClose: () => void }) {
  const { versionFields: t } = useTexts();
  const { service, version, rules } = props;
  const tried = useQuery({
    queryKey: ['masking preview', service, version, rules],
    queryFn: ({ signal }) => {
      const params = { path: { service, version } };
      const body = { masking: [...rules], limit: NEWEST };
      return data(
        api.POST('/api/v1/services/{service}/versions/{version}/masking-preview', { params, body, signal }),
      );
    },
    retry: false,
    gcTime: 0,
  });
  return (
    <Modal open width={860} title={t.maskPreview} footer={null} onCancel={props.onClose}>
      {tried.error && <ErrorNotice error={asApiError(tried.error)} retry={() => void tried.refetch()} />}
      {tried.isPending && <Skeleton active />}
      {tried.data && <Found of={tried.data} />}
    </Modal>
  );
}

function Found({ of }: { of: Preview }) {
  const t = useTexts().versionFields;
  if (of.items.length === 0) return <EmptyState title={t.maskNothing} hint={t.maskNothingHint} />;
  return (
    <Flex vertical gap="middle">
      {of.untouched_columns.length > 0 && (
        <Alert type="warning" showIcon title={t.maskUntouched(of.untouched_columns.join(', '))} />
      )}
      {of.items.map((row) => (
        <Row key={row.request_id} of={row} />
      ))}
    </Flex>
  );
}

function Row({ of }: { of: MaskedRow }) {
  const t = useTexts().versionFields;
  return (
    <Card
      size="small"
      title={<code>{of.request_id}</code>}
      extra={
        <>
          {of.logging_error_codes.map((code) => (
            <Tag key={code} color="warning">
              {code}
            </Tag>
          ))}
          {of.changed ? t.maskChanged : t.maskSame}
        </>
      }
    >
      <Flex vertical gap="small">
        <CodeBlock wrap code={of.request ?? t.maskLeftOut} />
        <CodeBlock wrap code={of.response ?? t.maskLeftOut} />
      </Flex>
    </Card>
  );
}

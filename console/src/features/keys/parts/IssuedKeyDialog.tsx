import { Alert, Button, Flex, Modal, Typography } from 'antd';
import type { Service } from '@/api';
import { CodeBlock } from '@/components/code/CodeBlock';
import { CodeTabs } from '@/components/code/CodeTabs';
import { callForms } from '@/components/code/callForms';
import { useTexts } from '@/i18n';
import type { IssuedKey } from '../queries';

/** A key at the only moment when it is shown: closed by its button alone. */
export function IssuedKeyDialog(props: { service: Service; of: IssuedKey; onClose: () => void }) {
  const t = useTexts().keys;
  const { of } = props;
  return (
    <Modal
      open
      title={t.issuedTitle(of.name)}
      closable={false}
      mask={{ closable: false }}
      keyboard={false}
      width={720}
      footer={
        <Button type="primary" onClick={props.onClose}>
          {t.issuedCopied}
        </Button>
      }
    >
      <Flex vertical gap="middle">
        <Alert type="warning" showIcon title={t.issuedHint} />
        <CodeBlock code={of.key} />
        <Typography.Text strong>{t.tryIt}</Typography.Text>
        <CodeTabs forms={callForms(props.service, of.key)} />
      </Flex>
    </Modal>
  );
}

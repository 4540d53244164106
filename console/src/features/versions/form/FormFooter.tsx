import { Button, Flex } from 'antd';
import { useTexts } from '@/i18n';

export function FormFooter(props: {
  action: string;
  isBusy: boolean;
  onSubmit: () => void;
  onCancel: () => void;
}) {
  const t = useTexts().common;
  return (
    <Flex gap="small" justify="end">
      <Button onClick={props.onCancel}>{t.cancel}</Button>
      <Button type="primary" loading={props.isBusy} onClick={props.onSubmit}>
        {props.action}
      </Button>
    </Flex>
  );
}

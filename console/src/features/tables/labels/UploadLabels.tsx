import { UploadOutlined } from '@ant-design/icons';
import { Button, Flex, Form, Input, Modal, Upload } from 'antd';
import { useWrite } from '@/api';
import { FormNotice } from '@/components/form/errors/FormNotice';
import { TO_FIELD, useFieldErrors } from '@/components/form/errors/fieldErrors';
import { Muted } from '@/components/text/Muted';
import { useFormats, useTexts } from '@/i18n';
import { type Upload as Sent, sendLabels } from './queries';
import { UploadReceipt } from './UploadReceipt';
import { contentType, uploadName } from './upload';

interface Values {
  readonly file?: { readonly file: File; readonly name: string };
  readonly key?: string;
}

/** Chooses a file of labels and sends it; the answer says what became of each row. */
export function UploadLabels({ service, onClose }: { service: string; onClose: () => void }) {
  const { labels: t, common } = useTexts();
  const formats = useFormats();
  const [form] = Form.useForm<Values>();
  const errors = useFieldErrors(form);
  const write = useWrite('labels', (upload: Sent) => sendLabels(service, upload));
  const chosen = Form.useWatch('file', form);
  const finish = async ({ file: picked, key }: Values) => {
    const type = contentType(picked?.file.name ?? '');
    if (picked === undefined || type === null) return;
    errors.clear();
    try {
      await write.mutateAsync({ file: picked.file, type, key: (key ?? '').trim(), name: picked.name });
    } catch (thrown) {
      errors.show(thrown);
    }
  };
  const isSent = write.data !== undefined;
  return (
    <Modal
      open
      width={640}
      title={t.upload}
      okText={isSent ? common.close : t.send}
      confirmLoading={write.isPending}
      onOk={() => (isSent ? onClose() : form.submit())}
      onCancel={onClose}
    >
      <FormNotice error={errors.error} />
      {write.data && <UploadReceipt receipt={write.data} />}
      {!isSent && (
        <Form<Values>
          form={form}
          layout="vertical"
          scrollToFirstError={TO_FIELD}
          onFinish={(values) => void finish(values)}
        >
          <Form.Item
            name="file"
            label={t.file}
            extra={t.uploadHint}
            valuePropName="chosen"
            rules={[{ validator: (_, value?: Values['file']) => checkedFile(value, t) }]}
          >
            <Upload
              accept=".csv,.parquet,.json,.jsonl,.ndjson"
              showUploadList={false}
              beforeUpload={(file) => {
                // The same file chosen again is another upload; a second try of one is the same.
                form.setFields([{ name: 'file', value: { file, name: uploadName() }, errors: [] }]);
                void form.validateFields(['file']).catch(() => null);
                return false;
              }}
            >
              <Flex gap="small" align="center">
                <Button icon={<UploadOutlined />}>{t.choose}</Button>
                {chosen && <Muted>{`${chosen.file.name} (${formats.bytes(chosen.file.size)})`}</Muted>}
              </Flex>
            </Upload>
          </Form.Item>
          <Form.Item name="key" label={t.key} extra={t.keyHint}>
            <Input autoComplete="off" spellCheck={false} maxLength={256} />
          </Form.Item>
        </Form>
      )}
    </Modal>
  );
}

function checkedFile(value: Values['file'], t: { noFile: string; unknownType: string }): Promise<void> {
  if (value === undefined) return Promise.reject(t.noFile);
  return contentType(value.file.name) === null ? Promise.reject(t.unknownType) : Promise.resolve();
}

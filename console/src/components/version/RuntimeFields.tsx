import { Flex, Form, InputNumber, Select } from 'antd';
import { useTexts } from '@/i18n';
import { useFieldName, useValue } from './place';

/** How the model server takes inputs and batches rows; an image serves by itself. */
export function RuntimeFields() {
  const t = useTexts().versionFields;
  const field = useFieldName();
  const [source] = useValue('model_source');
  const runtime = (name: string) => field('runtime', name);
  if (source?.kind === 'image') return null;
  return (
    <Flex gap="middle" wrap>
      <Form.Item name={runtime('types')} label={t.types} style={{ minWidth: 200 }}>
        <Select
          options={(['strict', 'compat'] as const).map((value) => ({ value, label: t.typeKinds[value] }))}
        />
      </Form.Item>
      <Form.Item name={runtime('row_wise')} label={t.rowWise} style={{ minWidth: 200 }}>
        <Select
          options={(['auto', 'true', 'false'] as const).map((value) => ({ value, label: t.rowWises[value] }))}
        />
      </Form.Item>
      <Form.Item name={runtime('workers')} label={t.workers}>
        <InputNumber min={1} max={64} precision={0} />
      </Form.Item>
      <Form.Item name={runtime('max_batch_rows')} label={t.batchRows}>
        <InputNumber min={1} precision={0} />
      </Form.Item>
    </Flex>
  );
}

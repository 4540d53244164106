import { Form, Radio } from 'antd';
import { useTexts } from '@/i18n';
import { useFieldName, useValue } from '../place';
import { ImageFields } from './ImageFields';
import { ModelFields } from './ModelFields';

/** What a version is made from: a registered model, or a container image. */
export function SourceFields() {
  const t = useTexts().versionFields;
  const field = useFieldName();
  const [source] = useValue('model_source');
  const isImage = source?.kind === 'image';
  return (
    <>
      <Form.Item
        name={field('model_source', 'kind')}
        label={t.source.label}
        extra={isImage ? t.source.imageHint : null}
      >
        <Radio.Group
          options={(['mlflow', 'image'] as const).map((value) => ({ value, label: t.source[value] }))}
        />
      </Form.Item>
      {isImage ? <ImageFields /> : <ModelFields />}
    </>
  );
}

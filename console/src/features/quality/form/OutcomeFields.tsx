import { Form, Input } from 'antd';
import { useTexts } from '@/i18n';
import { isEstimated } from '../metrics';
import type { RuleValues } from './values';

const OUTCOMES = ['label', 'prediction', 'score', 'positive'] as const;

/** What is compared with what, where a rule is about the quality of the model. */
export function OutcomeFields() {
  const t = useTexts().quality;
  const form = Form.useFormInstance<RuleValues>();
  const kind = Form.useWatch('kind', form);
  const needsScore = isEstimated(Form.useWatch('metric', form) ?? '');
  if (kind !== 'model_quality') return null;
  return (
    <div style={{ display: 'grid', gridTemplateColumns: '1fr 1fr', columnGap: 16 }}>
      {OUTCOMES.map((name) => (
        <Form.Item
          key={name}
          name={['outcome', name]}
          label={t.outcomes[name]}
          extra={name === 'score' ? t.scoreHint : undefined}
          rules={name === 'score' && needsScore ? [{ required: true, message: t.needed }] : []}
        >
          <Input spellCheck={false} autoComplete="off" maxLength={256} />
        </Form.Item>
      ))}
    </div>
  );
}

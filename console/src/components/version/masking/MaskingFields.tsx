import { DeleteOutlined, EyeOutlined, PlusOutlined } from '@ant-design/icons';
import { Button, Flex, Form, Input, Select } from 'antd';
import { lazy, Suspense, useState } from 'react';
import { useTexts } from '@/i18n';
import { useFieldName, useValue } from '../place';
import { useRecordedVersion } from './recorded';
import { ACTIONS, NEW_RULE, namedRules } from './rules';

const MaskingPreview = lazy(async () => ({ default: (await import('./MaskingPreview')).MaskingPreview }));

const MOST = 64;

/** Columns that are hashed, starred or left out before anything of a request is passed on. */
export function MaskingFields({ hidden }: { hidden: boolean }) {
  const t = useTexts().versionFields;
  const field = useFieldName();
  const recorded = useRecordedVersion();
  const [delivery] = useValue('log_delivery');
  const [isTrying, setTrying] = useState(false);
  const rules = namedRules(delivery?.masking);
  return (
    <Form.Item label={t.masking} extra={t.maskingHint} hidden={hidden}>
      <Form.List name={field('log_delivery', 'masking')}>
        {(fields, { add, remove }) => (
          <Flex vertical gap="small" align="start">
            {fields.map(({ key, name }) => (
              <Rule key={key} index={name} onRemove={() => remove(name)} />
            ))}
            <Flex gap="small" wrap>
              <Button icon={<PlusOutlined />} disabled={fields.length >= MOST} onClick={() => add(NEW_RULE)}>
                {t.maskAdd}
              </Button>
              {recorded !== null && (
                <Button icon={<EyeOutlined />} disabled={rules.length === 0} onClick={() => setTrying(true)}>
                  {t.maskTry}
                </Button>
              )}
            </Flex>
          </Flex>
        )}
      </Form.List>
      {isTrying && recorded !== null && (
        <Suspense>
          <MaskingPreview {...recorded} rules={rules} onClose={() => setTrying(false)} />
        </Suspense>
      )}
    </Form.Item>
  );
}

function Rule({ index, onRemove }: { index: number; onRemove: () => void }) {
  const t = useTexts().versionFields;
  return (
    <Flex gap="small" style={{ width: '100%' }}>
      <Form.Item
        name={[index, 'column']}
        style={{ flex: 1, marginBottom: 0 }}
        rules={[{ required: true, whitespace: true, message: t.needed }]}
      >
        <Input
          aria-label={t.maskColumn}
          placeholder={t.maskColumn}
          autoComplete="off"
          spellCheck={false}
          maxLength={128}
        />
      </Form.Item>
      <Form.Item name={[index, 'action']} style={{ width: 240, marginBottom: 0 }}>
        <Select
          aria-label={t.maskAction}
          options={ACTIONS.map((value) => ({ value, label: t.maskActions[value] }))}
        />
      </Form.Item>
      <Button type="text" icon={<DeleteOutlined />} aria-label={t.maskRemove} onClick={onRemove} />
    </Flex>
  );
}

import { Flex, Select, Typography } from 'antd';
import type { Service } from '@/api';
import { useTexts } from '@/i18n';
import type { SplitEditor } from './useSplitEditor';

export function FallbackChoice(props: { service: Service; editor: SplitEditor; isDisabled: boolean }) {
  const t = useTexts().versions;
  const { editor } = props;
  return (
    <Flex gap="small" align="center" wrap>
      <span style={{ width: 90 }}>{t.fallback}</span>
      <Select
        style={{ minWidth: 140 }}
        aria-label={t.fallback}
        disabled={props.isDisabled}
        value={editor.split.fallback ?? ''}
        onChange={(name) => editor.setFallback(name === '' ? null : name)}
        options={[
          { value: '', label: t.noFallback },
          ...props.service.versions.map(({ name }) => ({ value: name, label: name })),
        ]}
      />
      <Typography.Text type="secondary">{t.fallbackHint}</Typography.Text>
    </Flex>
  );
}

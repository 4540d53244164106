import { Button, Card, Flex, Typography } from 'antd';
import { activeVersions, type Service } from '@/api';
import { AsCode } from '@/components/code/AsCode';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { useTexts } from '@/i18n';
import { codeForms } from './code';
import { FallbackChoice } from './FallbackChoice';
import { ShareSlider } from './ShareSlider';
import { Effect, Overtaken } from './SplitNotices';
import { useSplitEditor } from './useSplitEditor';

export function TrafficEditor({ service, mayEdit }: { service: Service; mayEdit: boolean }) {
  const t = useTexts().versions;
  const editor = useSplitEditor(service);
  const active = activeVersions(service);
  const only = active[0];
  if (only === undefined) return null;
  const isSplit = active.length > 1;
  return (
    <Card
      size="small"
      title={t.split}
      extra={isSplit && <AsCode forms={codeForms(service.name, editor.split)} />}
    >
      <Flex vertical gap="small" style={{ maxWidth: 860 }}>
        <Typography.Text type="secondary">{isSplit ? t.splitHint : t.onlyOne(only.name)}</Typography.Text>
        {editor.error && <ErrorNotice error={editor.error} />}
        {editor.overtaken && <Overtaken editor={editor} now={editor.overtaken} />}
        {isSplit &&
          active.map((version) => (
            <ShareSlider
              key={version.id}
              version={version}
              share={editor.split.weights[version.name] ?? 0}
              isDisabled={!mayEdit}
              onChange={(share) => editor.move(version.name, share)}
            />
          ))}
        <FallbackChoice service={service} editor={editor} isDisabled={!mayEdit} />
        <Effect editor={editor} />
        {mayEdit && (
          <Flex gap="small">
            <Button
              type="primary"
              disabled={!editor.isChanged}
              loading={editor.isBusy}
              onClick={() => void editor.apply()}
            >
              {t.apply}
            </Button>
            <Button disabled={!editor.isChanged} onClick={editor.reset}>
              {t.reset}
            </Button>
          </Flex>
        )}
      </Flex>
    </Card>
  );
}

import { Alert, Button, Card, Flex, Select, Typography } from 'antd';
import { activeVersions, type Service } from '@/api';
import { AsCode } from '@/components/code/AsCode';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { useTexts } from '@/i18n';
import { codeForms } from '../code';
import { isSameSplit, splitText } from '../split';
import { ShareSlider } from './ShareSlider';
import { type SplitEditor, splitOf, useSplitEditor } from './useSplitEditor';

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

function FallbackChoice(props: { service: Service; editor: SplitEditor; isDisabled: boolean }) {
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

/** What routers would do with the split, as a dry run of the platform says. */
function Effect({ editor }: { editor: SplitEditor }) {
  const t = useTexts().versions;
  const { effective, split } = editor;
  if (effective === null) return null;
  const isAsAsked = isSameSplit(effective, split.weights);
  return (
    <Alert
      type={isAsAsked ? 'info' : 'warning'}
      showIcon
      title={t.effect}
      description={
        <>
          {Object.entries(effective).map(([name, share]) => (
            <div key={name}>{t.effectNow(name, share)}</div>
          ))}
          {!isAsAsked && <div>{t.effectDiffers}</div>}
        </>
      }
    />
  );
}

function Overtaken({ editor, now }: { editor: SplitEditor; now: Service }) {
  const t = useTexts().versions;
  return (
    <Alert
      type="warning"
      showIcon
      title={t.splitOvertaken}
      description={
        <>
          <div>{t.splitNow(splitText(splitOf(now).weights))}</div>
          <div>{t.splitMine(splitText(editor.split.weights))}</div>
        </>
      }
      action={
        <Flex vertical gap="small">
          <Button size="small" onClick={() => void editor.keepMine()}>
            {t.keepMine}
          </Button>
          <Button size="small" onClick={() => void editor.takeTheirs()}>
            {t.takeTheirs}
          </Button>
        </Flex>
      }
    />
  );
}

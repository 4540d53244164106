import { Alert, Button, Flex } from 'antd';
import type { Service } from '@/api';
import { useTexts } from '@/i18n';
import { isSameSplit, splitText } from './split';
import { type SplitEditor, splitOf } from './useSplitEditor';

/** What routers would do with the split, as a dry run of the platform says. */
export function Effect({ editor }: { editor: SplitEditor }) {
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

export function Overtaken({ editor, now }: { editor: SplitEditor; now: Service }) {
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

import { Alert, Flex } from 'antd';
import type { ReactNode } from 'react';
import { useTexts } from '@/i18n';
import { CodeBlock } from '../code/CodeBlock';
import { isOnTheWay, type KnownReason, knownReason } from './reasons';

interface Props {
  /** Before the sentence: of which version, for one. */
  readonly subject?: string;
  readonly reason: string | null;
  readonly message: string | null;
  readonly logTail?: readonly string[];
  readonly isFailure: boolean;
  readonly action?: ReactNode;
}

/** Why something is not as it should be: the cause in a sentence, the platform's own words, the next step. */
export function ReasonAlert(props: Props) {
  const known = knownReason(useTexts().reasons, props.reason, props.message);
  const says = known?.says ?? props.message ?? props.reason ?? '';
  const subject = props.subject === undefined ? '' : `${props.subject}: `;
  const hasMore = known?.next || (known && props.message) || props.logTail?.length;
  return (
    <Alert
      type={typeOf(props.reason, props.isFailure)}
      showIcon
      title={subject + says}
      action={props.action}
      {...(hasMore
        ? { description: <More known={known} words={props.message} logTail={props.logTail ?? []} /> }
        : {})}
    />
  );
}

function typeOf(reason: string | null, isFailure: boolean): 'error' | 'warning' | 'info' {
  if (isFailure) return 'error';
  return isOnTheWay(reason) ? 'info' : 'warning';
}

function More(props: { known: KnownReason | undefined; words: string | null; logTail: readonly string[] }) {
  const t = useTexts().components;
  const { known, words, logTail } = props;
  return (
    <Flex vertical gap={6}>
      {known !== undefined && words && <div style={{ overflowWrap: 'anywhere' }}>{words}</div>}
      {known !== undefined && known.next !== '' && (
        <div>
          <b>{t.nextStep}</b> {known.next}
        </div>
      )}
      {logTail.length > 0 && <CodeBlock code={logTail.join('\n')} />}
    </Flex>
  );
}

import { Alert, Flex } from 'antd';
import type { ReactNode } from 'react';
import { useTexts } from '@/i18n';
import { CodeBlock } from '../CodeBlock';
import { knownReason } from './reasons';

/** Why something is not as it should be: the cause in a sentence, the platform's own words, the next step. */
export function ReasonAlert(props: {
  /** Before the sentence: of which version, for one. */
  subject?: string;
  reason: string | null;
  message: string | null;
  logTail?: readonly string[];
  isFailure: boolean;
  action?: ReactNode;
}) {
  const texts = useTexts();
  const known = knownReason(texts.reasons, props.reason);
  const says = known?.says ?? props.message ?? props.reason ?? '';
  const subject = props.subject === undefined ? '' : `${props.subject}: `;
  const isBackToNormal = props.reason === 'RolledBack';
  return (
    <Alert
      type={props.isFailure && !isBackToNormal ? 'error' : 'warning'}
      showIcon
      title={subject + says}
      action={props.action}
      description={
        <Flex vertical gap={6}>
          {known !== undefined && props.message && (
            <div style={{ overflowWrap: 'anywhere' }}>{props.message}</div>
          )}
          {known !== undefined && (
            <div>
              <b>{texts.components.nextStep}</b> {known.next}
            </div>
          )}
          {props.logTail !== undefined && props.logTail.length > 0 && (
            <CodeBlock code={props.logTail.join('\n')} />
          )}
        </Flex>
      }
    />
  );
}

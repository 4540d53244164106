import { Link } from '@tanstack/react-router';
import { Alert, Card, Descriptions, Flex, Tabs, Typography } from 'antd';
import { CodeBlock } from '@/components/code/CodeBlock';
import { CopyText } from '@/components/text/CopyText';
import { ToneTag } from '@/components/text/StatusTag';
import { useFormats, useTexts } from '@/i18n';
import type { Answer } from '../queries';
import { TimeSplit } from './TimeSplit';

/** Longer answers would make the page slow: they are cut for display. */
const SHOWN_CHARACTERS = 200_000;

/** One answer: status, where the time went, body, headers, and what the model printed when it failed. */
export function AnswerCard(props: { service: string; answer: Answer; isLogged: boolean }) {
  const t = useTexts().debug;
  const { answer } = props;
  const isOk = answer.status_code < 400;
  const headers = Object.entries(answer.headers);
  return (
    <Card
      size="small"
      title={
        <Flex gap="small" align="center" wrap>
          {t.answerOf(answer.version)}
          <ToneTag tone={isOk ? 'ok' : 'bad'}>{answer.status_code}</ToneTag>
        </Flex>
      }
      extra={<Links {...props} />}
    >
      <TimeSplit answer={answer} />
      {answer.is_truncated && <Alert type="warning" showIcon title={t.truncated} />}
      <Tabs
        size="small"
        defaultActiveKey={answer.trace.length > 0 ? 'trace' : 'body'}
        items={[
          { key: 'body', label: t.body, children: <AnswerBody response={answer.response} /> },
          {
            key: 'headers',
            label: t.answerHeaders,
            children: (
              <Descriptions
                size="small"
                column={1}
                items={headers.map(([name, value]) => ({
                  key: name,
                  label: name,
                  children: <CopyText text={value} />,
                }))}
              />
            ),
          },
          ...(answer.trace.length > 0
            ? [{ key: 'trace', label: t.trace, children: <CodeBlock code={answer.trace.join('\n')} /> }]
            : []),
        ]}
      />
    </Card>
  );
}

function AnswerBody({ response }: { response: unknown }) {
  const t = useTexts().debug;
  const formats = useFormats();
  const whole = typeof response === 'string' ? response : JSON.stringify(response, null, 2);
  const isCut = whole.length > SHOWN_CHARACTERS;
  return (
    <>
      {isCut && (
        <Typography.Paragraph type="secondary">{t.cut(formats.bytes(SHOWN_CHARACTERS))}</Typography.Paragraph>
      )}
      <CodeBlock code={isCut ? whole.slice(0, SHOWN_CHARACTERS) : whole} />
    </>
  );
}

function Links({ service, answer, isLogged }: { service: string; answer: Answer; isLogged: boolean }) {
  const t = useTexts().debug;
  const headers = new Map(Object.entries(answer.headers).map(([name, value]) => [name.toLowerCase(), value]));
  const request = headers.get('x-request-id');
  if (request === undefined) return null;
  return (
    <Flex gap="middle">
      <Link to="/services/$service/logs" params={{ service }} search={{ request }}>
        {t.logs}
      </Link>
      {isLogged && (
        <Link to="/services/$service/requests/$request" params={{ service, request }}>
          {t.request}
        </Link>
      )}
    </Flex>
  );
}

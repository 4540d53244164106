import { Card, Col, Row, Spin, Typography } from 'antd';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { useTexts } from '@/i18n';
import type { Outcome } from '../useSend';
import { AnswerCard } from './AnswerCard';
import { Comparison } from './Comparison';

/** What came back: one answer, or two side by side with where they differ. */
export function Answers(props: {
  service: string;
  outcomes: readonly Outcome[];
  isSending: boolean;
  isLogged: boolean;
}) {
  const t = useTexts().debug;
  const { outcomes, isSending } = props;
  const [left, right] = outcomes;
  return (
    <section aria-live="polite" aria-busy={isSending} style={{ marginTop: 16 }}>
      {outcomes.length === 0 && (
        <Card size="small">
          {isSending && <Spin size="small" />}{' '}
          <Typography.Text type="secondary">{isSending ? t.sending : t.nothingYet}</Typography.Text>
        </Card>
      )}
      {left?.answer && right?.answer && <Comparison left={left.answer} right={right.answer} />}
      <Row gutter={[16, 16]} style={{ opacity: isSending ? 0.6 : 1 }}>
        {outcomes.map(({ version, answer, error }) => (
          <Col key={version} xs={24} xl={outcomes.length > 1 ? 12 : 24}>
            {error !== undefined && (
              <Card size="small" title={t.answerOf(version)}>
                <ErrorNotice error={error} />
              </Card>
            )}
            {answer !== undefined && (
              <AnswerCard service={props.service} answer={answer} isLogged={props.isLogged} />
            )}
          </Col>
        ))}
      </Row>
    </section>
  );
}

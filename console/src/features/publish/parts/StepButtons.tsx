import { useNavigate } from '@tanstack/react-router';
import { App, Button, Flex, Form } from 'antd';
import { useState } from 'react';
import { useTexts } from '@/i18n';
import type { Draft } from '../draft';
import { forgetDraft } from '../kept';
import { usePublish } from '../queries';
import { FIELDS, STEPS, type Step, stepOf } from '../steps';

/** Back and next; at the end a draft or a start. */
export function StepButtons(props: {
  step: Step;
  setStep: (step: Step) => void;
  service: string;
  keptAs: string;
  onSend: () => void;
  onRefused: (thrown: unknown) => void;
}) {
  const t = useTexts().publish;
  const { step, setStep } = props;
  const form = Form.useFormInstance<Draft>();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const publish = usePublish(props.service);
  const [isStarting, setStarting] = useState(false);
  const [isChecking, setChecking] = useState(false);
  const at = STEPS.indexOf(step);

  const goOn = async () => {
    // A second press while the name is being looked up would be one that leads nowhere.
    setChecking(true);
    try {
      await form.validateFields([...FIELDS[step]].map((path) => [...path]) as never, { recursive: true });
      setStep(STEPS[at + 1] ?? 'review');
    } finally {
      setChecking(false);
    }
  };
  const send = async (start: boolean) => {
    props.onSend();
    setStarting(start);
    await form.validateFields();
    publish.mutate(
      { draft: form.getFieldsValue(true) as Draft, start },
      {
        onError: props.onRefused,
        onSuccess: (made) => {
          forgetDraft(props.keptAs);
          message.success(start ? t.started(made.service) : t.saved(made.service));
          void navigate(
            made.version === undefined
              ? { to: '/services/$service', params: { service: made.service } }
              : {
                  to: '/services/$service/versions/$version',
                  params: { service: made.service, version: made.version },
                },
          );
        },
      },
    );
  };
  const showFirstWrong = () => {
    const wrong = form.getFieldsError().find((field) => field.errors.length > 0);
    const where = wrong && stepOf(wrong.name);
    if (where !== undefined) setStep(where);
  };

  return (
    <Flex justify="space-between" gap="small" wrap style={{ marginTop: 16 }}>
      <Button disabled={at === 0} onClick={() => setStep(STEPS[at - 1] ?? 'basics')}>
        {t.back}
      </Button>
      {step !== 'review' ? (
        <Button type="primary" disabled={isChecking} onClick={() => void goOn().catch(() => undefined)}>
          {t.next}
        </Button>
      ) : (
        <Flex gap="small" wrap>
          <Button
            disabled={publish.isPending}
            loading={publish.isPending && !isStarting}
            onClick={() => void send(false).catch(showFirstWrong)}
          >
            {t.draft}
          </Button>
          <Button
            type="primary"
            disabled={publish.isPending}
            loading={publish.isPending && isStarting}
            onClick={() => void send(true).catch(showFirstWrong)}
          >
            {t.start}
          </Button>
        </Flex>
      )}
    </Flex>
  );
}

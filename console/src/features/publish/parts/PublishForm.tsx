import { Card, Form, Steps } from 'antd';
import { type ReactNode, useEffect, useRef } from 'react';
import { ApiError, asApiError } from '@/api';
import { FormNotice } from '@/components/form/errors/FormNotice';
import { TO_FIELD, useFieldErrors } from '@/components/form/errors/fieldErrors';
import { SourceFields } from '@/components/version/model/SourceFields';
import { VersionPlace } from '@/components/version/place';
import { RecordingFields } from '@/components/version/RecordingFields';
import { useTexts } from '@/i18n';
import type { Draft } from '../draft';
import { keepDraft } from '../kept';
import { placeOf, STEPS, type Step, stepOf } from '../steps';
import { BasicsStep } from './BasicsStep';
import { ProtectionStep } from './ProtectionStep';
import { ResourcesStep } from './ResourcesStep';
import { ReviewStep } from './ReviewStep';
import { StepButtons } from './StepButtons';

export interface StepProps {
  /** The service that gets a further version; empty for a new one. */
  readonly service: string;
  readonly projects: readonly string[];
}

const CONTENT: Record<Step, (props: StepProps) => ReactNode> = {
  basics: BasicsStep,
  model: SourceFields,
  resources: ResourcesStep,
  protection: ProtectionStep,
  logs: RecordingFields,
  review: ReviewStep,
};

const VERSION = ['version'];

type NamePath = (string | number)[];

/** One form in steps: all of them stay in the page, so that the server's refusal reaches each field. */
export function PublishForm(
  props: StepProps & {
    step: Step;
    setStep: (step: Step) => void;
    initial: Draft;
    keptAs: string;
  },
) {
  const t = useTexts().publish;
  const { step, setStep, keptAs } = props;
  const [form] = Form.useForm<Draft>();
  const errors = useFieldErrors(form);
  const heading = useRef<HTMLDivElement>(null);
  const refused = useRef<NamePath | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the new step is read from its beginning, or where it is wrong
  useEffect(() => {
    if (refused.current === null) heading.current?.scrollIntoView({ block: 'nearest' });
    else form.scrollToField(refused.current, TO_FIELD);
    refused.current = null;
  }, [step]);
  const refuse = (thrown: unknown) => {
    const refusal = asApiError(thrown);
    const details = refusal.details.map((detail) => ({
      ...detail,
      loc: [...placeOf(detail.loc, props.service !== '')],
    }));
    errors.show(new ApiError(refusal.message, refusal.status, refusal.code, refusal.requestId, details));
    const wrong = form.getFieldsError().find((field) => field.errors.length > 0);
    const places = details.map(({ loc }) => loc);
    const where = [...(wrong ? [wrong.name] : []), ...places]
      .map(stepOf)
      .find((found) => found !== undefined);
    if (where === undefined) return;
    // Where something is left for the notice, that is read first.
    refused.current = wrong !== undefined && stepOf(wrong.name) === where ? wrong.name : null;
    setStep(where);
  };
  return (
    <Form<Draft>
      form={form}
      layout="vertical"
      initialValues={props.initial}
      onValuesChange={(_, draft: Draft) => keepDraft(keptAs, { ...props.initial, ...draft })}
      scrollToFirstError
    >
      <Steps
        size="small"
        current={STEPS.indexOf(step)}
        onChange={(index) => setStep(STEPS[index] ?? 'basics')}
        items={STEPS.map((one) => ({ title: t.steps[one] }))}
        style={{ marginBottom: 16 }}
      />
      <div ref={heading} />
      <FormNotice error={errors.error} />
      <Card>
        {STEPS.map((one) => {
          const Content = CONTENT[one];
          return (
            <div key={one} hidden={one !== step} style={{ maxWidth: one === 'review' ? 1100 : 860 }}>
              <VersionPlace at={VERSION}>
                <Content service={props.service} projects={props.projects} />
              </VersionPlace>
            </div>
          );
        })}
        <StepButtons
          step={step}
          setStep={setStep}
          service={props.service}
          keptAs={keptAs}
          onRefused={refuse}
          onSend={errors.clear}
        />
      </Card>
    </Form>
  );
}

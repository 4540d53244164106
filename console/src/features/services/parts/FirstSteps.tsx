import { Link } from '@tanstack/react-router';
import { Button, Card, Steps, Typography } from 'antd';
import { useSession } from '@/api';
import { CodeBlock } from '@/components/code/CodeBlock';
import { useTexts } from '@/i18n';

const register = (mlflowUrl: string) => `import mlflow

mlflow.set_tracking_uri("${mlflowUrl}")
mlflow.sklearn.log_model(model, name="model", registered_model_name="wine_quality", input_example=inputs)`;

const call = (publicUrl: string) => `KEY=$(penstock keys create wine-quality me -q)
curl -s -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
  ${publicUrl}/wine-quality/predict -d '{"inputs": …}'`;

/** In place of an empty table: three steps from nothing to a prediction. */
export function FirstSteps({ mayPublish }: { mayPublish: boolean }) {
  const t = useTexts().services.first;
  const { public_url, mlflow_url } = useSession();
  return (
    <Card>
      <Typography.Title level={2} style={{ fontSize: 18, marginTop: 0 }}>
        {t.title}
      </Typography.Title>
      <Typography.Paragraph type="secondary">{t.hint}</Typography.Paragraph>
      <Steps
        orientation="vertical"
        current={-1}
        items={[
          { title: t.register, content: <StepText text={t.registerHint} code={register(mlflow_url)} /> },
          {
            title: t.publish,
            content: (
              <>
                <Typography.Paragraph>{t.publishHint}</Typography.Paragraph>
                {mayPublish && (
                  <Link to="/publish">
                    <Button type="primary">{t.publishNow}</Button>
                  </Link>
                )}
              </>
            ),
          },
          { title: t.call, content: <StepText text={t.callHint} code={call(public_url)} /> },
        ]}
      />
    </Card>
  );
}

function StepText({ text, code }: { text: string; code: string }) {
  return (
    <>
      <Typography.Paragraph>{text}</Typography.Paragraph>
      <CodeBlock code={code} />
    </>
  );
}

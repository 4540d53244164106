import { useNavigate } from '@tanstack/react-router';
import { Drawer, Flex, Form, Input, InputNumber, Switch } from 'antd';
import { useState } from 'react';
import { activeVersions, type Service, type Version } from '@/api';
import { FormNotice } from '@/components/form/errors/FormNotice';
import { TO_FIELD } from '@/components/form/errors/fieldErrors';
import { RecordedRequests } from '@/components/version/masking/recorded';
import { NEW_VALUES, newVersionOf, type VersionValues, valuesOf } from '@/components/version/values';
import { useTexts } from '@/i18n';
import { createVersion, useChanged } from '../queries';
import { FormFooter } from './FormFooter';
import { useVersionForm } from './useVersionForm';
import { VersionFields } from './VersionFields';

/** A further version: begins with the model and settings of the newest one. */
export function AddVersion({ service, onClose }: { service: Service; onClose: () => void }) {
  const t = useTexts().versions;
  const navigate = useNavigate();
  const changed = useChanged(service.name);
  const [isBusy, setBusy] = useState(false);
  const like = newestOf(service);
  const { form, advanced, ...errors } = useVersionForm();
  const finish = async () => {
    errors.clear();
    setBusy(true);
    try {
      // All of the store: values of fields that are not shown belong to it too.
      const made = await createVersion(service.name, newVersionOf(form.getFieldsValue(true)));
      await changed();
      await navigate({
        to: '/services/$service/versions/$version',
        params: { service: service.name, version: made.name },
      });
    } catch (thrown) {
      errors.refuse(thrown);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Drawer
      open
      size={680}
      title={t.add}
      onClose={onClose}
      footer={<FormFooter action={t.add} isBusy={isBusy} onSubmit={form.submit} onCancel={onClose} />}
    >
      <FormNotice error={errors.error} />
      <Form<VersionValues>
        form={form}
        layout="vertical"
        initialValues={beginning(service)}
        scrollToFirstError={TO_FIELD}
        onFinish={() => void finish()}
        onFinishFailed={errors.reveal}
      >
        <Form.Item name="name" label={t.formName} extra={t.formNameHint}>
          <Input autoComplete="off" spellCheck={false} maxLength={63} />
        </Form.Item>
        <RecordedRequests value={like === undefined ? null : { service: service.name, version: like.name }}>
          <VersionFields service={service} advanced={advanced} />
        </RecordedRequests>
        <Flex gap="large" wrap>
          <Form.Item name="start" label={t.startNow} valuePropName="checked">
            <Switch />
          </Form.Item>
          <Form.Item name="traffic_weight" label={t.weight} extra={t.weightHint} style={{ flex: 1 }}>
            <InputNumber min={0} max={100} precision={0} suffix="%" />
          </Form.Item>
        </Flex>
      </Form>
    </Drawer>
  );
}

/** The newest version: a further one begins as it is. */
function newestOf(service: Service): Version | undefined {
  return activeVersions(service).at(-1) ?? service.versions.at(-1);
}

function beginning(service: Service): VersionValues {
  const active = activeVersions(service);
  const like = newestOf(service);
  if (like === undefined) return NEW_VALUES;
  return { ...valuesOf(like), description: '', start: active.length < 2, traffic_weight: 0 };
}

import { useQueryClient } from '@tanstack/react-query';
import { App, Button, Form } from 'antd';
import { useState } from 'react';
import { readServiceNow, type Service, serviceQuery } from '@/api';
import { FormNotice } from '@/components/form/errors/FormNotice';
import { TO_FIELD, useFieldErrors } from '@/components/form/errors/fieldErrors';
import { ReviewDialog } from '@/components/review/ReviewDialog';
import { useReviewedEdit } from '@/components/review/useReviewedEdit';
import { useTexts } from '@/i18n';
import { changeService, previewChange, type ServiceChange } from '../queries';
import { changeOf, SETTINGS, type SettingsValues, valuesOf } from '../settingsForm';
import { SettingsFields } from './SettingsFields';

/** Keeps what the form began with: news of the service do not overwrite what is being typed. */
export function SettingsForm({ service }: { service: Service }) {
  const { service: t, common } = useTexts();
  const { message } = App.useApp();
  const queries = useQueryClient();
  const [form] = Form.useForm<SettingsValues>();
  const [began, setBegan] = useState(service);
  const errors = useFieldErrors(form);
  const [isTouched, setTouched] = useState(false);
  const base = isTouched ? began : service;

  const edit = useReviewedEdit<Service, Partial<ServiceChange>>({
    base,
    fields: SETTINGS,
    preview: (change, revision) => previewChange(base.name, change, revision),
    write: (change, revision) => changeService(base.name, change, revision),
    read: () => readServiceNow(base.name),
    onError: errors.show,
    onDone: () => {
      setTouched(false);
      void message.success(common.saved);
      void queries.invalidateQueries({ queryKey: serviceQuery(base.name).queryKey });
    },
    onRebase: (now, change) => {
      setBegan(now);
      form.setFieldsValue(change === null ? valuesOf(now) : valuesOf({ ...now, ...change } as Service));
      setTouched(change !== null);
      queries.setQueryData(serviceQuery(base.name).queryKey, now);
    },
  });
  const touch = () => {
    if (isTouched) return;
    setBegan(service);
    setTouched(true);
  };
  const finish = (values: SettingsValues) => {
    errors.clear();
    const change = changeOf(base, values);
    if (Object.keys(change).length === 0) void message.info(t.unchanged);
    else void edit.review(change);
  };
  return (
    <Form<SettingsValues>
      form={form}
      layout="vertical"
      initialValues={valuesOf(service)}
      onValuesChange={touch}
      scrollToFirstError={TO_FIELD}
      onFinish={finish}
    >
      <FormNotice error={errors.error} />
      <SettingsFields />
      <Button type="primary" htmlType="submit" loading={edit.isBusy} style={{ marginTop: 16 }}>
        {t.review}
      </Button>
      <ReviewDialog edit={edit} />
    </Form>
  );
}

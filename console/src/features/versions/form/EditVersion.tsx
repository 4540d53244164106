import { App, Drawer, Form } from 'antd';
import { useState } from 'react';
import type { Service, Version } from '@/api';
import { FormNotice } from '@/components/form/errors/FormNotice';
import { TO_FIELD } from '@/components/form/errors/fieldErrors';
import { ReviewDialog } from '@/components/review/ReviewDialog';
import { useReviewedEdit } from '@/components/review/useReviewedEdit';
import { RecordedRequests } from '@/components/version/masking/recorded';
import { CHANGEABLE, changeOf, type VersionValues, valuesOf } from '@/components/version/values';
import { useTexts } from '@/i18n';
import { changeVersion, previewVersion, readVersion, useChanged, type VersionChange } from '../queries';
import { FormFooter } from './FormFooter';
import { useVersionForm } from './useVersionForm';
import { VersionFields } from './VersionFields';

export function EditVersion(props: { service: Service; version: Version; onClose: () => void }) {
  const { versions: t, common } = useTexts();
  const { message } = App.useApp();
  const { onClose } = props;
  const changed = useChanged(props.service.name);
  // What the form began with: news of the version do not overwrite what is being typed.
  const [base, setBase] = useState(props.version);
  const { form, advanced, ...errors } = useVersionForm();
  const edit = useReviewedEdit<Version, Partial<VersionChange>>({
    base,
    fields: CHANGEABLE,
    preview: (change, revision) => previewVersion(base, change, revision),
    write: (change, revision) => changeVersion(base, change, revision),
    read: () => readVersion(base.service, base.name),
    onError: errors.refuse,
    onDone: () => {
      void message.success(common.saved);
      void changed();
      onClose();
    },
    onRebase: (now, change) => {
      setBase(now);
      form.setFieldsValue(valuesOf(change === null ? now : ({ ...now, ...change } as Version)));
    },
  });
  const finish = () => {
    errors.clear();
    const change = changeOf(valuesOf(base), form.getFieldsValue(true));
    if (Object.keys(change).length === 0) void message.info(t.unchanged);
    else void edit.review(change);
  };
  return (
    <Drawer
      open
      size={680}
      title={t.editTitle(base.name)}
      onClose={onClose}
      footer={<FormFooter action={t.review} isBusy={edit.isBusy} onSubmit={form.submit} onCancel={onClose} />}
    >
      <FormNotice error={errors.error} />
      <Form<VersionValues>
        form={form}
        layout="vertical"
        initialValues={valuesOf(base)}
        scrollToFirstError={TO_FIELD}
        onFinish={finish}
        onFinishFailed={errors.reveal}
      >
        <RecordedRequests value={{ service: base.service, version: base.name }}>
          <VersionFields service={props.service} advanced={advanced} />
        </RecordedRequests>
      </Form>
      <ReviewDialog edit={edit} />
    </Drawer>
  );
}

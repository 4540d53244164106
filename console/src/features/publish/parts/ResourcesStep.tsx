import { Form } from 'antd';
import { EnvFields } from '@/components/version/EnvFields';
import { PlaceFields } from '@/components/version/resources/PlaceFields';
import { ReplicaFields } from '@/components/version/resources/ReplicaFields';
import type { Draft } from '../draft';

export function ResourcesStep() {
  const form = Form.useFormInstance<Draft>();
  const project = Form.useWatch('project', { form, preserve: true }) ?? '';
  return (
    <>
      <PlaceFields project={project} />
      <ReplicaFields />
      <EnvFields />
    </>
  );
}

import { Collapse, Form, Input } from 'antd';
import type { Service } from '@/api';
import { SourceFields } from '@/components/version/model/SourceFields';
import { PlaceFields } from '@/components/version/resources/PlaceFields';
import { ReplicaFields } from '@/components/version/resources/ReplicaFields';
import { useTexts } from '@/i18n';
import { AdvancedFields } from './AdvancedFields';

/** What a version is made of, for adding one and for editing it. */
export function VersionFields(props: {
  service: Service;
  advanced: { readonly isOpen: boolean; readonly setOpen: (isOpen: boolean) => void };
}) {
  const { service, advanced } = props;
  const { versions: t, common } = useTexts();
  return (
    <>
      <SourceFields />
      <PlaceFields project={service.project} />
      <ReplicaFields />
      <Form.Item name="description" label={common.description}>
        <Input.TextArea autoSize={{ minRows: 1, maxRows: 4 }} maxLength={4000} />
      </Form.Item>
      <Collapse
        size="small"
        activeKey={advanced.isOpen ? ['advanced'] : []}
        onChange={(keys) => advanced.setOpen(keys.length > 0)}
        style={{ marginBottom: 16 }}
        items={[{ key: 'advanced', label: t.advanced, children: <AdvancedFields />, forceRender: true }]}
      />
    </>
  );
}

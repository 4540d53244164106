import { Form, Select } from 'antd';
import { useSession } from '@/api';

/** Whose something is: one of the user's projects, or, for an administrator, everybody's (''). */
export function ProjectField(props: {
  projects: readonly string[];
  texts: { readonly whose: string; readonly everybody: string };
}) {
  const { texts: t } = props;
  const { is_admin: isAdmin } = useSession();
  return (
    <Form.Item name="project" label={t.whose}>
      <Select
        options={[
          ...(isAdmin ? [{ value: '', label: t.everybody }] : []),
          ...props.projects.map((value) => ({ value, label: value })),
        ]}
      />
    </Form.Item>
  );
}

import { CloudUploadOutlined } from '@ant-design/icons';
import { Link } from '@tanstack/react-router';
import { Button } from 'antd';
import { editableProjects, useSession } from '@/api';
import { useTexts } from '@/i18n';

/** Leads to a new service with this model; not shown to who may publish nowhere. */
export function PublishButton(props: {
  model: string;
  version: string;
  registry: string;
  isPrimary?: boolean;
}) {
  const t = useTexts().models;
  const session = useSession();
  if (!session.is_admin && editableProjects(session).length === 0) return null;
  const { model, version, registry } = props;
  return (
    <Link to="/publish" search={{ model, version, ...(registry ? { registry } : {}) }}>
      <Button
        size={props.isPrimary ? 'middle' : 'small'}
        type={props.isPrimary ? 'primary' : 'default'}
        icon={<CloudUploadOutlined />}
      >
        {t.publish}
      </Button>
    </Link>
  );
}

import { Link } from '@tanstack/react-router';
import { Descriptions, Drawer } from 'antd';
import { CodeBlock } from '@/components/code/CodeBlock';
import { useTexts } from '@/i18n';
import type { Row } from '../queries';
import { shown } from './values';

/** One row whole, a column a line. */
export function RowDrawer(props: {
  service: string;
  row: Row;
  columns: readonly string[];
  onClose: () => void;
}) {
  const t = useTexts().tables;
  const { service, row, columns } = props;
  const request = row.request_id;
  return (
    <Drawer
      open
      size={640}
      title={t.row}
      onClose={props.onClose}
      extra={
        typeof request === 'string' && (
          <Link to="/services/$service/requests/$request" params={{ service, request }}>
            {t.request}
          </Link>
        )
      }
    >
      <Descriptions
        size="small"
        bordered
        column={1}
        items={columns.map((name) => ({
          key: name,
          label: <code>{name}</code>,
          children: (
            <span style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>{shown(row[name])}</span>
          ),
        }))}
      />
      <div style={{ marginTop: 16 }}>
        <CodeBlock code={JSON.stringify(row, null, 2)} />
      </div>
    </Drawer>
  );
}

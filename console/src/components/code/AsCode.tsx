import { CodeOutlined } from '@ant-design/icons';
import { Button, Modal } from 'antd';
import { lazy, Suspense, useState } from 'react';
import { useTexts } from '@/i18n';
import type { CodeForms } from './CodeTabs';

export type { CodeForms } from './CodeTabs';

const CodeTabs = lazy(async () => ({ default: (await import('./CodeTabs')).CodeTabs }));

/** A button that shows how the command line, curl and Python do what this page does. */
export function AsCode({ forms, title }: { forms: CodeForms; title?: string }) {
  const t = useTexts().components;
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button icon={<CodeOutlined />} onClick={() => setOpen(true)}>
        {t.asCode}
      </Button>
      <Modal
        title={title ?? t.asCode}
        open={isOpen}
        onCancel={() => setOpen(false)}
        footer={null}
        width={720}
        destroyOnHidden
      >
        <Suspense>
          <CodeTabs forms={forms} />
        </Suspense>
      </Modal>
    </>
  );
}

import { Modal } from 'antd';
import { useTexts } from '@/i18n';

export function CommandPalette({ isOpen, setOpen }: { isOpen: boolean; setOpen: (isOpen: boolean) => void }) {
  const t = useTexts().shell;
  return <Modal title={t.palette} open={isOpen} onCancel={() => setOpen(false)} footer={null} />;
}

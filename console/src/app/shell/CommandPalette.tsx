import { Modal } from 'antd';
import { lazy, Suspense, useEffect } from 'react';
import { useTexts } from '@/i18n';

const PaletteSearch = lazy(async () => ({ default: (await import('./PaletteSearch')).PaletteSearch }));

/** Ctrl K (or ⌘ K) anywhere: go to a page or a service, by typing. */
export function CommandPalette({ isOpen, setOpen }: { isOpen: boolean; setOpen: (isOpen: boolean) => void }) {
  const t = useTexts().shell;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      setOpen(true);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [setOpen]);
  return (
    <Modal
      title={t.palette}
      open={isOpen}
      onCancel={() => setOpen(false)}
      footer={null}
      destroyOnHidden
      style={{ top: 80 }}
    >
      <Suspense>
        <PaletteSearch close={() => setOpen(false)} />
      </Suspense>
    </Modal>
  );
}

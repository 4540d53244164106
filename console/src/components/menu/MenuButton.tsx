import { Button, type ButtonProps, type MenuProps } from 'antd';
import { lazy, Suspense, useState } from 'react';

const OpenMenu = lazy(async () => ({ default: (await import('./OpenMenu')).OpenMenu }));

/** A button with a menu, which is loaded when it is asked for: menus are a tenth of what the first page would need. */
export function MenuButton({ menu, ...button }: ButtonProps & { menu: MenuProps }) {
  const [isAsked, setAsked] = useState(false);
  const closed = <Button {...button} aria-haspopup="menu" onClick={() => setAsked(true)} />;
  if (!isAsked) return closed;
  return (
    <Suspense fallback={closed}>
      <OpenMenu {...button} menu={menu} />
    </Suspense>
  );
}

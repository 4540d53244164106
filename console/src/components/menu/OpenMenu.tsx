import { Button, type ButtonProps, Dropdown, type MenuProps } from 'antd';
import { useState } from 'react';

/** The button of a menu, in place of the one that was pressed to open it. */
export function OpenMenu({ menu, ...button }: ButtonProps & { menu: MenuProps }) {
  const [isOpen, setOpen] = useState(true);
  return (
    <Dropdown trigger={['click']} open={isOpen} onOpenChange={setOpen} menu={menu}>
      <Button {...button} autoFocus aria-haspopup="menu" />
    </Dropdown>
  );
}

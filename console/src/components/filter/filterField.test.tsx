import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { expect, test, vi } from 'vitest';
import { CursorPager } from '@/components/page/CursorPager';
import { I18nProvider } from '@/i18n';
import { SearchField, WordField } from './FilterField';

function Asking(props: { Field: typeof SearchField; asked: (value: string) => void; from?: string }) {
  const [value, setValue] = useState(props.from ?? '');
  const onChange = (next: string) => {
    props.asked(next);
    setValue(next);
  };
  return (
    <>
      <props.Field label="Words" width={100} value={value} onChange={onChange} />
      <button type="button" onClick={() => setValue('of the address')}>
        Back
      </button>
    </>
  );
}

test.each([
  ['search', SearchField],
  ['word', WordField],
])('a %s is asked for once by Enter, keeps the focus, and follows the address', async (_, Field) => {
  const asked = vi.fn();
  render(<Asking Field={Field} asked={asked} />);
  const field = screen.getByLabelText('Words');
  await userEvent.type(field, ' wine {Enter}');
  expect(asked.mock.calls).toEqual([['wine']]);
  expect(document.activeElement).toBe(field);
  await userEvent.type(field, '{Enter}');
  await userEvent.click(screen.getByText('Back'));
  expect(asked.mock.calls).toEqual([['wine']]);
  expect((field as HTMLInputElement).value).toBe('of the address');
});

test('what was typed into a word and left is asked for', async () => {
  const asked = vi.fn();
  render(<Asking Field={WordField} asked={asked} />);
  await userEvent.type(screen.getByLabelText('Words'), 'ada');
  await userEvent.tab();
  expect(asked.mock.calls).toEqual([['ada']]);
});

function Paging() {
  const [cursor, setCursor] = useState('');
  return <CursorPager cursor={cursor} next={cursor === '' ? 'last' : null} onChange={setCursor} />;
}

test('at either end of a list the focus stays in its pager', async () => {
  render(
    <I18nProvider>
      <Paging />
    </I18nProvider>,
  );
  await userEvent.click(screen.getByRole('button', { name: /next/i }));
  expect(document.activeElement).toBe(screen.getByRole('button', { name: /previous/i }));
  await userEvent.keyboard('{Enter}');
  expect(document.activeElement).toBe(screen.getByRole('button', { name: /next/i }));
});

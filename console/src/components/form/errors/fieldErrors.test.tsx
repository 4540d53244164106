import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { Form, Input } from 'antd';
import { expect, test } from 'vitest';
import { ApiError } from '@/api';
import { renderPage } from '@/test/render';
import { FormModal } from '../FormModal';

/** Refuses what is said of it, once for each time it is sent. */
function renderForm(refusals: readonly (readonly [field: string, msg: string])[][]) {
  const left = [...refusals];
  const submit = async () => {
    const details = (left.shift() ?? []).map(([field, msg]) => ({ loc: ['body', field], msg }));
    throw new ApiError('Not so', 400, 'INVALID', null, details);
  };
  renderPage(
    () => (
      <FormModal title="A form" submit={submit} onClose={() => undefined}>
        <Form.Item name="free" label="Free">
          <Input />
        </Form.Item>
        <Form.Item name="ruled" label="Ruled" rules={[{ pattern: /^[a-z]*$/, message: 'letters alone' }]}>
          <Input />
        </Form.Item>
      </FormModal>
    ),
    { path: '/' },
  );
}

const send = async () => userEvent.click(await screen.findByRole('button', { name: 'Save' }));
const isGone = (text: string) => waitFor(() => expect(screen.queryByText(text)).toBeNull());

test('a refused field without rules is right again once it is edited; the others stay as they were', async () => {
  renderForm([
    [
      ['free', 'free is taken'],
      ['ruled', 'ruled is taken'],
    ],
  ]);
  await send();
  await screen.findByText('free is taken');
  await userEvent.type(screen.getByLabelText('Free'), 'x');
  await isGone('free is taken');
  expect(screen.queryByText('ruled is taken')).not.toBeNull();
  await userEvent.type(screen.getByLabelText('Ruled'), '1');
  await screen.findByText('letters alone');
  await isGone('ruled is taken');
  expect(screen.queryByText('letters alone')).not.toBeNull();
});

test('what is sent anew is judged anew, edited or not', async () => {
  renderForm([[['free', 'free is taken']], [['ruled', 'ruled is taken']]]);
  await send();
  await screen.findByText('free is taken');
  await send();
  await screen.findByText('ruled is taken');
  await isGone('free is taken');
});

test('what the form itself refuses is led to', async () => {
  renderForm([]);
  const ruled = await screen.findByLabelText('Ruled');
  await userEvent.type(ruled, '1');
  await userEvent.click(screen.getByLabelText('Free'));
  await send();
  await waitFor(() => expect(document.activeElement).toBe(ruled));
});

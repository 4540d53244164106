import { screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { Form, Input } from 'antd';
import { expect, test } from 'vitest';
import { ApiError } from '@/api';
import { renderPage } from '@/test/render';
import { DefinitionForm } from './DefinitionForm';

interface Thing {
  readonly revision: number;
  readonly warning: string;
  readonly critical: string;
}

const WAS: Thing = { revision: 1, warning: 'w1', critical: 'c1' };
const NOW: Thing = { revision: 2, warning: 'w2', critical: 'c1' };

function opened(refuse: string | null = null) {
  const seen: [revision: number, warning: string][] = [];
  const form = (
    <DefinitionForm<Thing, { warning: string; critical: string }>
      of={WAS}
      title="Edit"
      valuesOf={(of) => ({ warning: of?.warning ?? '', critical: of?.critical ?? '' })}
      create={() => Promise.reject(new Error('it is there already'))}
      replace={async (of, { warning }) => {
        seen.push([of.revision, warning]);
        if (of.revision !== NOW.revision)
          throw new ApiError('Changed since', 412, 'PreconditionFailed', null, []);
        if (refuse !== null) throw new ApiError(refuse, 400, 'InvalidInput', null, []);
      }}
      read={() => Promise.resolve(NOW)}
      definitionOf={(values) => values}
      onClose={() => seen.push([0, 'closed'])}
    >
      <Form.Item name="warning" label="Warning">
        <Input />
      </Form.Item>
    </DefinitionForm>
  );
  renderPage(() => form, { path: '/' });
  return seen;
}

async function overtaken() {
  const field = await screen.findByLabelText('Warning');
  await userEvent.clear(field);
  await userEvent.type(field, 'mine');
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  await screen.findByText('Somebody else has changed it since');
}

test('who was overtaken sees what the other changed, and puts his own over it only then', async () => {
  const seen = opened();
  await overtaken();
  expect(screen.getByText('w1')).toBeTruthy();
  expect(screen.getByText('w2')).toBeTruthy();
  expect(screen.getByText('mine')).toBeTruthy();
  expect(screen.queryByText('c1')).toBeNull();
  await userEvent.click(screen.getByRole('button', { name: 'Put mine over it' }));
  await waitFor(() => expect(seen.at(-1)).toEqual([0, 'closed']));
  expect(seen.slice(0, 2)).toEqual([
    [1, 'mine'],
    [2, 'mine'],
  ]);
});

test('who takes what is there goes on from it', async () => {
  const seen = opened();
  await overtaken();
  await userEvent.click(screen.getByRole('button', { name: 'Drop mine, take what is there now' }));
  await waitFor(() => expect((screen.getByLabelText('Warning') as HTMLInputElement).value).toBe('w2'));
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  await waitFor(() => expect(seen.at(-2)).toEqual([2, 'w2']));
});

test('what is refused after all is said, and what was typed is there', async () => {
  opened('That is too much');
  await overtaken();
  await userEvent.click(screen.getByRole('button', { name: 'Put mine over it' }));
  await screen.findByText('That is too much');
  expect((screen.getByLabelText('Warning') as HTMLInputElement).value).toBe('mine');
});

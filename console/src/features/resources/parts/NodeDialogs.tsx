import { useQuery } from '@tanstack/react-query';
import { DatePicker, Form, Select } from 'antd';
import type { Dayjs } from 'dayjs';
import { groupsQuery } from '@/api';
import { useGroupOptions } from '@/components/backend/groupOptions';
import { ConfirmByName } from '@/components/form/ConfirmByName';
import { FormModal } from '@/components/form/FormModal';
import { NameField } from '@/components/form/NameFields';
import { useTexts } from '@/i18n';
import { addNode, drain, move, type NewNode, type Node, release, renew, useResourceWrite } from '../queries';
import { SizeFields } from './SizeFields';

/** What is about to be done, with which node. */
export type NodeDialog = { kind: 'add' } | { kind: 'drain' | 'release' | 'renew' | 'move'; node: Node };

export function NodeDialogs(props: { group: string; dialog: NodeDialog; onClose: () => void }) {
  const { dialog, onClose } = props;
  if (dialog.kind === 'add') return <AddNode group={props.group} onClose={onClose} />;
  if (dialog.kind === 'renew') return <Renew node={dialog.node} onClose={onClose} />;
  if (dialog.kind === 'move') return <MoveNode node={dialog.node} onClose={onClose} />;
  return <Leave kind={dialog.kind} node={dialog.node} onClose={onClose} />;
}

type AddedNode = Omit<NewNode, 'expires_at'> & { expires_at?: Dayjs | null };

function AddNode({ group, onClose }: { group: string; onClose: () => void }) {
  const t = useTexts().resources.nodes;
  const write = useResourceWrite((values: AddedNode) =>
    addNode(group, { ...values, expires_at: values.expires_at?.toISOString() ?? null }),
  );
  return (
    <FormModal<AddedNode>
      title={t.create}
      initial={{ gpu: 0, billing_mode: 'prepaid' }}
      submit={write.mutateAsync}
      onClose={onClose}
    >
      <NameField />
      <SizeFields />
      <Form.Item name="billing_mode" label={t.billing}>
        <Select
          options={(['prepaid', 'pay_as_you_go'] as const).map((value) => ({ value, label: t[value] }))}
        />
      </Form.Item>
      <ExpiryField />
    </FormModal>
  );
}

function ExpiryField() {
  const t = useTexts().resources.nodes;
  return (
    <Form.Item name="expires_at" label={t.expires} extra={t.never}>
      <DatePicker showTime style={{ width: '100%' }} />
    </Form.Item>
  );
}

function Renew({ node, onClose }: { node: Node; onClose: () => void }) {
  const t = useTexts().resources.nodes;
  const write = useResourceWrite((values: { expires_at?: Dayjs | null }) =>
    renew(node, values.expires_at?.toISOString() ?? null),
  );
  return (
    <FormModal title={t.renewOf(node.name)} submit={write.mutateAsync} onClose={onClose}>
      <ExpiryField />
    </FormModal>
  );
}

function MoveNode({ node, onClose }: { node: Node; onClose: () => void }) {
  const t = useTexts().resources.nodes;
  const groups = useQuery(groupsQuery());
  const write = useResourceWrite((values: { group: string }) => move(node, values.group));
  const others = (groups.data ?? []).filter((group) => group.name !== node.group);
  const choice = useGroupOptions(others);
  return (
    <FormModal<{ group: string }> title={t.moveOf(node.name)} submit={write.mutateAsync} onClose={onClose}>
      <Form.Item name="group" label={t.to} rules={[{ required: true }]}>
        <Select {...choice} loading={groups.isPending} />
      </Form.Item>
    </FormModal>
  );
}

function Leave(props: { kind: 'drain' | 'release'; node: Node; onClose: () => void }) {
  const t = useTexts().resources.nodes;
  const isDrain = props.kind === 'drain';
  const write = useResourceWrite(isDrain ? drain : release);
  return (
    <ConfirmByName
      name={props.node.name}
      title={isDrain ? t.drainOf(props.node.name) : t.releaseOf(props.node.name)}
      action={isDrain ? t.drain : t.release}
      confirm={() => write.mutateAsync(props.node)}
      onClose={props.onClose}
    >
      {isDrain ? t.drainHint : t.releaseHint}
    </ConfirmByName>
  );
}

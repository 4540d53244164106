import {
  CheckCircleFilled,
  CloseCircleFilled,
  EditOutlined,
  MinusCircleOutlined,
  SyncOutlined,
  WarningFilled,
} from '@ant-design/icons';
import { Tag, Tooltip } from 'antd';
import type { ReactNode } from 'react';
import type { Texts } from '@/i18n';
import { useTexts } from '@/i18n';

/** How a state is meant, whatever it is called. */
export type Tone = 'ok' | 'busy' | 'warning' | 'bad' | 'idle' | 'draft';

const LOOKS: Record<Tone, { color: string; icon: ReactNode }> = {
  ok: { color: 'success', icon: <CheckCircleFilled /> },
  busy: { color: 'processing', icon: <SyncOutlined /> },
  warning: { color: 'warning', icon: <WarningFilled /> },
  bad: { color: 'error', icon: <CloseCircleFilled /> },
  idle: { color: 'default', icon: <MinusCircleOutlined /> },
  draft: { color: 'default', icon: <EditOutlined /> },
};

/** States of services, versions, pods and nodes that have a name in the dictionary. */
export type Status = keyof Texts['components']['status'];

const TONES: Record<Status, Tone> = {
  draft: 'draft',
  starting: 'busy',
  running: 'ok',
  updating: 'busy',
  degraded: 'warning',
  failed: 'bad',
  stopping: 'busy',
  stopped: 'idle',
  Waiting: 'busy',
  Running: 'ok',
  Failed: 'bad',
  Terminating: 'busy',
};

/** A state as icon and word, with its reason on hover and focus. */
export function StatusTag({ status, reason }: { status: Status; reason?: string | null }) {
  const t = useTexts().components.status;
  return (
    <ToneTag tone={TONES[status]} hint={reason}>
      {t[status]}
    </ToneTag>
  );
}

/** Any other state: the page gives word and tone. */
export function ToneTag(props: { tone: Tone; children: ReactNode; hint?: string | null | undefined }) {
  const tag = (
    <Tag {...LOOKS[props.tone]} style={{ marginInlineEnd: 0 }} {...(props.hint ? { tabIndex: 0 } : {})}>
      {props.children}
    </Tag>
  );
  return props.hint ? <Tooltip title={props.hint}>{tag}</Tooltip> : tag;
}

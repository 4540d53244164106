import { Card, Descriptions, Flex, Typography } from 'antd';
import type { ReactNode } from 'react';
import type { Version } from '@/api';
import { EmptyState } from '@/components/page/EmptyState';
import { type Tone, ToneTag } from '@/components/text/StatusTag';
import { useFormats, useTexts } from '@/i18n';

type Check = NonNullable<Version['check']>;

/** What the first ready pod found out about its model. */
export function CheckCard({ version }: { version: Version }) {
  const t = useTexts().versions;
  return (
    <Card size="small" title={t.check}>
      {version.check === null ? <EmptyState title={t.noCheck} /> : <Found check={version.check} />}
    </Card>
  );
}

function Found({ check }: { check: Check }) {
  const t = useTexts().versions;
  const formats = useFormats();
  return (
    <Descriptions
      size="small"
      column={1}
      items={[
        {
          key: 'signature',
          label: t.signature,
          children: (
            <ToneTag tone={check.has_signature ? 'ok' : 'warning'}>
              {check.has_signature ? t.hasSignature : t.noSignature}
            </ToneTag>
          ),
        },
        { key: 'example', label: t.example, children: <Example of={check.example} /> },
        {
          key: 'batching',
          label: t.batching,
          children: (
            <WithMessage message={check.row_wise_message}>
              {check.row_wise ? t.together : t.alone}
            </WithMessage>
          ),
        },
        { key: 'load', label: t.loadTime, children: formats.milliseconds(check.load_ms) },
      ]}
    />
  );
}

const TONES: Record<Check['example']['status'], Tone> = { ok: 'ok', failed: 'bad', absent: 'idle' };

function Example({ of }: { of: Check['example'] }) {
  const t = useTexts().versions;
  const formats = useFormats();
  const words = {
    ok: t.exampleOk(of.rows ?? 0, formats.milliseconds(of.duration_ms ?? 0)),
    failed: t.exampleFailed,
    absent: t.exampleAbsent,
  };
  return (
    <WithMessage message={of.message}>
      <ToneTag tone={TONES[of.status]}>{words[of.status]}</ToneTag>
    </WithMessage>
  );
}

function WithMessage({ message, children }: { message: string | null | undefined; children: ReactNode }) {
  return (
    <Flex vertical gap={2} align="start">
      <span>{children}</span>
      {message && <Typography.Text style={{ overflowWrap: 'anywhere' }}>{message}</Typography.Text>}
    </Flex>
  );
}

import { useQuery } from '@tanstack/react-query';
import { Button, Card, Flex, Select } from 'antd';
import { useState } from 'react';
import { asApiError, type Service } from '@/api';
import { AsCode } from '@/components/code/AsCode';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { text, useSearchState } from '@/components/page/useSearchState';
import { Muted } from '@/components/text/Muted';
import { useFormats, useTexts } from '@/i18n';
import { CanaryActions } from './CanaryActions';
import { canaryForms } from './code';
import { isOver, lastVerdict } from './figures';
import { Guardrails } from './Guardrails';
import { PreflightPart } from './PreflightPart';
import { type Canary, canariesQuery } from './queries';
import { StartCanary } from './StartCanary';
import { Way } from './Way';

const PARAMS = { canary: text() };

/** The canary that goes on, or the last one; where there is none, how to get one. */
export function CanaryCard({ service, mayEdit }: { service: Service; mayEdit: boolean }) {
  const { canary: t } = useTexts();
  const query = useQuery(canariesQuery(service.name));
  const [search, setSearch] = useSearchState(PARAMS);
  const [isStarting, setStarting] = useState(false);
  const all = query.data ?? [];
  const shown = all.find(({ id }) => id === search.canary) ?? all[0];
  const mayStart = mayEdit && service.versions.length > 1 && all.every(isOver);
  return (
    <Card
      size="small"
      title={t.title}
      extra={
        <Flex gap="small">
          {all.length > 1 && (
            <Earlier all={all} shown={shown} choose={(canary) => setSearch({ canary }, { push: true })} />
          )}
          {shown && <AsCode forms={canaryForms(service.name, shown.version, shown.plan.steps ?? [])} />}
          {mayStart && <Button onClick={() => setStarting(true)}>{t.start}</Button>}
        </Flex>
      }
    >
      {query.error && <ErrorNotice error={asApiError(query.error)} retry={() => void query.refetch()} />}
      {shown === undefined ? <Muted>{t.none}</Muted> : <Shown canary={shown} mayEdit={mayEdit} />}
      {isStarting && <StartCanary service={service} onClose={() => setStarting(false)} />}
    </Card>
  );
}

function Shown({ canary, mayEdit }: { canary: Canary; mayEdit: boolean }) {
  const last = lastVerdict(canary);
  return (
    <Flex vertical gap="middle">
      <Way canary={canary} />
      {mayEdit && !isOver(canary) && <CanaryActions canary={canary} />}
      {last && <Guardrails canary={canary} step={last} />}
      {canary.preflight && <PreflightPart of={canary.preflight} />}
    </Flex>
  );
}

function Earlier(props: { all: readonly Canary[]; shown: Canary | undefined; choose: (id: string) => void }) {
  const { canary: t } = useTexts();
  const formats = useFormats();
  return (
    <Select
      aria-label={t.earlier}
      style={{ minWidth: 240 }}
      value={props.shown?.id ?? null}
      options={props.all.map(({ id, version, phase, created_at: at }) => ({
        value: id,
        label: `${version}: ${t.phases[phase]}, ${formats.dateTime(at)}`,
      }))}
      onChange={props.choose}
    />
  );
}

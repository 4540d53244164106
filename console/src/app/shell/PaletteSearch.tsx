import { SearchOutlined } from '@ant-design/icons';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { Input, theme } from 'antd';
import { type KeyboardEvent, useId, useMemo, useState } from 'react';
import { api, data, useSession } from '@/api';
import { Muted } from '@/components/text/Muted';
import { useTexts } from '@/i18n';
import { type Command, matching, pageCommands, serviceCommands } from './commands';

const SERVICES = 8;
const SHOWN = 12;

/** The services that a word finds. */
function useServices(word: string) {
  return useQuery({
    queryKey: ['palette', word],
    queryFn: ({ signal }) =>
      data(
        api.GET('/api/v1/services', {
          params: { query: { page_size: SERVICES, ...(word && { search: word }) } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
    staleTime: 10_000,
  });
}

/** A field with the list of what it finds: arrows choose, Enter goes. */
export function PaletteSearch({ close }: { close: () => void }) {
  const t = useTexts().shell;
  const session = useSession();
  const router = useRouter();
  const list = useId();
  const [typed, setTyped] = useState('');
  const [at, setAt] = useState(0);
  const { data: services } = useServices(typed.trim().split(/\s+/)[0] ?? '');
  const found = useMemo(() => {
    const ofServices = (services?.items ?? []).flatMap((service) => serviceCommands(t, service.name));
    return matching([...pageCommands(t, session), ...ofServices], typed).slice(0, SHOWN);
  }, [services, session, t, typed]);
  const go = (command: Command | undefined) => {
    if (command === undefined) return;
    close();
    router.history.push(command.to);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === 'Enter') go(found[at]);
    if (step === undefined || found.length === 0) return;
    event.preventDefault();
    setAt((at + step + found.length) % found.length);
  };
  return (
    <>
      <Input
        autoFocus
        prefix={<SearchOutlined />}
        role="combobox"
        aria-expanded
        aria-controls={list}
        aria-activedescendant={found[at] && `${list}-${at}`}
        aria-label={t.palette}
        placeholder={t.paletteHint}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div id={list} role="listbox" aria-label={t.palette} style={{ marginTop: 8 }}>
        {found.map((command, index) => (
          <Row key={command.key} id={`${list}-${index}`} command={command} isChosen={index === at} go={go} />
        ))}
      </div>
      {found.length === 0 && <Muted>{t.paletteEmpty}</Muted>}
    </>
  );
}

function Row(props: { id: string; command: Command; isChosen: boolean; go: (command: Command) => void }) {
  const { token } = theme.useToken();
  const { command, isChosen } = props;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the focus and the keys
    <div
      id={props.id}
      role="option"
      aria-selected={isChosen}
      tabIndex={-1}
      onClick={() => props.go(command)}
      style={{
        padding: '6px 10px',
        cursor: 'pointer',
        borderRadius: token.borderRadius,
        background: isChosen ? token.controlItemBgActive : undefined,
      }}
    >
      {isChosen ? '› ' : ''}
      {command.label} {command.hint !== undefined && <Muted>{command.hint}</Muted>}
    </div>
  );
}

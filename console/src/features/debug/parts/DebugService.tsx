import { useQuery } from '@tanstack/react-query';
import { App, Card, Col, Row } from 'antd';
import { useState } from 'react';
import { asApiError, type Schemas } from '@/api';
import { JsonEditor } from '@/components/editor/JsonEditor';
import { modelVersionQuery } from '@/components/model/queries';
import { readSignature } from '@/components/model/signature';
import { ErrorNotice } from '@/components/page/ErrorNotice';
import { flag, text, useSearchState } from '@/components/page/useSearchState';
import { registeredModel } from '@/components/version/model/image';
import { useTexts } from '@/i18n';
import { emptyTable, parseJson, writeTable } from '../body';
import { tidy, useBody } from '../useBody';
import { readHeaders, useSend } from '../useSend';
import { Answers } from './Answers';
import { BodyForm } from './BodyForm';
import { BodyTools } from './BodyTools';
import { SendBar } from './SendBar';

const PARAMS = { version: text(), compare: text(), request: text(), log: flag() };

/** The body twice, as a form and as JSON; what versions answer to it below. */
export function DebugService({ service }: { service: Schemas['ServiceView'] }) {
  const t = useTexts().debug;
  const { message } = App.useApp();
  const [search, setSearch] = useSearchState(PARAMS);
  const [headers, setHeaders] = useState('');
  const version = search.version || mostUsed(service);
  const source = service.versions.find(({ name }) => name === version)?.model_source;
  const from = source && registeredModel(source);
  const model = useQuery(modelVersionQuery(from?.model ?? '', from?.version ?? '', from?.registry ?? ''));
  const signature = readSignature(model.data?.signature);
  const example = model.data?.input_example;
  const exampleText = example === null || example === undefined ? '' : tidy(JSON.stringify(example));
  const inputs = signature?.inputs ?? [];
  const skeleton =
    inputs.length > 0 && !inputs.some(({ isTensor }) => isTensor)
      ? writeTable(emptyTable(inputs), inputs)
      : '';
  const { body, setBody, error } = useBody(service.name, search.request, exampleText || skeleton);
  const { outcomes, isSending, send } = useSend(service.name);
  const onSend = () => {
    const request = body.trim() === '' ? null : parseJson(body);
    if (request === undefined) return void message.error(t.badJson);
    const versions = [version, search.compare].filter((name) => name !== '');
    void send([...new Set(versions)], { request, headers: readHeaders(headers), log: search.log });
  };
  return (
    <section
      aria-label={t.title}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) onSend();
      }}
    >
      <SendBar
        service={service}
        version={version}
        compare={search.compare}
        log={search.log}
        headers={headers}
        onHeaders={setHeaders}
        onChange={(change) => setSearch(change)}
        isSending={isSending}
        wasSent={outcomes.length > 0}
        onSend={onSend}
        body={body}
      />
      {model.error !== null && <ErrorNotice error={asApiError(model.error)} />}
      {error !== null && <ErrorNotice error={asApiError(error)} />}
      <Row gutter={[16, 16]}>
        <Col xs={24} xl={12}>
          <Card
            size="small"
            title={t.form}
            extra={<BodyTools signature={signature} example={exampleText} body={body} onChange={setBody} />}
          >
            <BodyForm
              signature={signature}
              isLoading={from !== undefined && model.isPending}
              body={body}
              onChange={setBody}
            />
          </Card>
        </Col>
        <Col xs={24} xl={12}>
          <Card size="small" title={t.json}>
            <JsonEditor value={body} onChange={setBody} label={t.json} minHeight={260} maxHeight={560} />
          </Card>
        </Col>
      </Row>
      <Answers service={service.name} outcomes={outcomes} isSending={isSending} isLogged={search.log} />
    </section>
  );
}

/** The version that runs with the largest share of the traffic. */
function mostUsed(service: Schemas['ServiceView']): string {
  const ready = service.versions.filter(({ ready_replicas }) => ready_replicas > 0);
  return ready.sort((a, b) => b.traffic_weight - a.traffic_weight)[0]?.name ?? '';
}

import { SendOutlined } from '@ant-design/icons';
import { Button, Checkbox, Flex, Form, Input, Popover, Select, Tooltip } from 'antd';
import type { Schemas } from '@/api';
import { AsCode } from '@/components/code/AsCode';
import { useTexts } from '@/i18n';
import { codeForms } from '../code';

/** To whom the body goes, and the button that sends it. */
export function SendBar(props: {
  service: Schemas['ServiceView'];
  version: string;
  compare: string;
  log: boolean;
  headers: string;
  body: string;
  isSending: boolean;
  wasSent: boolean;
  onChange: (change: { version?: string; compare?: string; log?: boolean }) => void;
  onHeaders: (headers: string) => void;
  onSend: () => void;
}) {
  const t = useTexts().debug;
  const { service, version, onChange } = props;
  return (
    <Flex gap="middle" wrap align="center" style={{ marginBottom: 16 }}>
      <Form layout="inline">
        <Form.Item label={t.version} htmlFor="debug-version">
          <Select
            id="debug-version"
            style={{ minWidth: 140 }}
            value={version}
            options={versionOptions(service, t.noSuchVersion)}
            onChange={(next) => onChange({ version: next })}
          />
        </Form.Item>
        <Form.Item label={t.compare} htmlFor="debug-compare">
          <Select
            id="debug-compare"
            style={{ minWidth: 140 }}
            value={props.compare}
            options={[
              { value: '', label: t.noCompare },
              ...versionOptions(service, t.noSuchVersion).filter(({ value }) => value !== version),
            ]}
            onChange={(compare) => onChange({ compare })}
          />
        </Form.Item>
      </Form>
      <Checkbox checked={props.log} onChange={({ target }) => onChange({ log: target.checked })}>
        {t.log}
      </Checkbox>
      <Popover
        trigger="click"
        title={t.headers}
        content={
          <Input.TextArea
            aria-label={t.headers}
            placeholder={t.headersHint}
            rows={4}
            style={{ width: 360 }}
            value={props.headers}
            onChange={({ target }) => props.onHeaders(target.value)}
          />
        }
      >
        <Button>{t.headers}</Button>
      </Popover>
      <Flex gap="small" style={{ marginInlineStart: 'auto' }}>
        <AsCode title={t.code} forms={codeForms(service, version, props.body)} />
        <Tooltip title="Ctrl Enter" placement="bottomRight">
          <Button type="primary" icon={<SendOutlined />} loading={props.isSending} onClick={props.onSend}>
            {props.wasSent ? t.again : t.send}
          </Button>
        </Tooltip>
      </Flex>
    </Flex>
  );
}

function versionOptions(service: Schemas['ServiceView'], notRunning: (version: string) => string) {
  return service.versions.map(({ name, ready_replicas }) => ({
    value: name,
    label: ready_replicas > 0 ? name : notRunning(name),
    disabled: ready_replicas === 0,
  }));
}

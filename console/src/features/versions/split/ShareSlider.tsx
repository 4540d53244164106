import { Flex, InputNumber, Slider } from 'antd';
import type { Version } from '@/api';
import { StatusTag } from '@/components/text/StatusTag';
import { useTexts } from '@/i18n';

export function ShareSlider(props: {
  version: Version;
  share: number;
  isDisabled: boolean;
  onChange: (share: number) => void;
}) {
  const t = useTexts().versions;
  const { version, share, isDisabled, onChange } = props;
  return (
    <Flex gap="middle" align="center">
      <Flex gap="small" align="center" style={{ width: 190 }}>
        <b>{version.name}</b>
        <StatusTag status={version.status} reason={version.message} />
      </Flex>
      <Slider
        style={{ flex: 1 }}
        value={share}
        disabled={isDisabled}
        ariaLabelForHandle={t.shareOf(version.name)}
        onChange={onChange}
      />
      <InputNumber
        min={0}
        max={100}
        suffix="%"
        style={{ width: 96 }}
        value={share}
        disabled={isDisabled}
        aria-label={t.shareOf(version.name)}
        onChange={(value) => value !== null && onChange(value)}
      />
    </Flex>
  );
}

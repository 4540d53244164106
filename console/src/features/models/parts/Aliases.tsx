import { TagOutlined } from '@ant-design/icons';
import { Flex, Tag } from 'antd';

/** Aliases, each with the version that it stands for (of one version: the names alone). */
export function Aliases(props: { aliases: Readonly<Record<string, string>> | readonly string[] }) {
  const shown = Array.isArray(props.aliases)
    ? (props.aliases as readonly string[])
    : Object.entries(props.aliases).map(([alias, version]) => `${alias} → ${version}`);
  if (shown.length === 0) return <>–</>;
  return (
    <Flex gap={4} wrap>
      {shown.map((alias) => (
        <Tag key={alias} icon={<TagOutlined />} style={{ marginInlineEnd: 0 }}>
          {alias}
        </Tag>
      ))}
    </Flex>
  );
}

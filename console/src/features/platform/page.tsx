import { Flex } from 'antd';
import { PageHeader } from '@/components/page/PageHeader';
import { useTexts } from '@/i18n';
import { DeadLetters } from './parts/DeadLetters';
import { Logger } from './parts/Logger';
import { Services } from './parts/Services';
import { Spools } from './parts/Spools';
import { Stores } from './parts/Stores';
import { Streams } from './parts/Streams';

/** The platform's own health, for administrators. */
export function Page() {
  const t = useTexts().platform;
  return (
    <>
      <PageHeader title={t.title} description={t.description} />
      <Flex vertical gap="middle">
        <Services />
        <Streams />
        <Spools />
        <Logger />
        <DeadLetters />
        <Stores />
      </Flex>
    </>
  );
}

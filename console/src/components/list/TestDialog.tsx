import { useQuery } from '@tanstack/react-query';
import { Modal, Spin } from 'antd';
import type { ReactNode } from 'react';
import { asApiError } from '@/api';
import { useTexts } from '@/i18n';
import { ErrorNotice } from '../page/ErrorNotice';

/** Tests something once, as it is opened, and shows what was found; again when it is told to. */
export function TestDialog<R>(props: {
  title: string;
  hint: string;
  /** What the button says. */
  again: string;
  /** What is tested: a kind of thing, and its name. */
  of: readonly [kind: string, name: string];
  test: () => Promise<R>;
  onClose: () => void;
  children: (found: R) => ReactNode;
}) {
  const { common } = useTexts();
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ['test', ...props.of],
    queryFn: props.test,
    retry: false,
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  });
  return (
    <Modal
      open
      title={props.title}
      okText={props.again}
      cancelText={common.close}
      okButtonProps={{ loading: isFetching }}
      onOk={() => void refetch()}
      onCancel={props.onClose}
    >
      <p>{props.hint}</p>
      {isFetching && <Spin />}
      {!isFetching && error && <ErrorNotice error={asApiError(error)} />}
      {!isFetching && !error && data !== undefined && props.children(data)}
    </Modal>
  );
}

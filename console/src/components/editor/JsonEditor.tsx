import { Skeleton } from 'antd';
import { lazy, Suspense } from 'react';

export interface JsonEditorProps {
  readonly value: string;
  readonly onChange?: (value: string) => void;
  readonly readOnly?: boolean;
  /** What the editor holds, for who cannot see it. */
  readonly label: string;
  /** Id of the element, for `<label htmlFor>`. */
  readonly id?: string;
  readonly minHeight?: number;
  readonly maxHeight?: number;
}

const CodeMirror = lazy(async () => ({ default: (await import('./CodeMirror')).CodeMirror }));

/** JSON with colours, folding, search and marks where it is wrong; loaded where it is used. */
export function JsonEditor(props: JsonEditorProps) {
  return (
    <Suspense fallback={<Skeleton active paragraph={{ rows: 4 }} />}>
      <CodeMirror {...props} />
    </Suspense>
  );
}

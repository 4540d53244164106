import { EditorState } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { theme } from 'antd';
import { useEffect, useRef } from 'react';
import { editorExtensions } from './extensions';
import type { JsonEditorProps } from './JsonEditor';

/** CodeMirror around a value: outside changes replace the document, typed ones are reported. */
export function CodeMirror(props: JsonEditorProps) {
  const holder = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const { token } = theme.useToken();
  const { label, readOnly = false, minHeight = 160, maxHeight = 480 } = props;

  useEffect(() => {
    if (holder.current === null) return;
    const made = new EditorView({
      parent: holder.current,
      state: EditorState.create({
        doc: latest.current.value,
        extensions: [
          editorExtensions({ token, label, readOnly, minHeight, maxHeight }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.onChange?.(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    return () => made.destroy();
  }, [token, label, readOnly, minHeight, maxHeight]);

  useEffect(() => {
    const shown = view.current?.state.doc.toString();
    if (shown === undefined || shown === props.value) return;
    view.current?.dispatch({ changes: { from: 0, to: shown.length, insert: props.value } });
  }, [props.value]);

  return <div ref={holder} id={props.id} />;
}

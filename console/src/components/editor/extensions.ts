import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { json, jsonParseLinter } from '@codemirror/lang-json';
import {
  bracketMatching,
  defaultHighlightStyle,
  foldGutter,
  foldKeymap,
  HighlightStyle,
  indentOnInput,
  syntaxHighlighting,
} from '@codemirror/language';
import { linter, lintGutter, lintKeymap } from '@codemirror/lint';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { EditorState, type Extension } from '@codemirror/state';
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { GlobalToken } from 'antd';

interface Looks {
  readonly token: GlobalToken;
  readonly label: string;
  readonly readOnly: boolean;
  readonly minHeight: number;
  readonly maxHeight: number;
}

export function editorExtensions(looks: Looks): Extension {
  const { token } = looks;
  return [
    lineNumbers(),
    foldGutter(),
    history(),
    drawSelection(),
    indentOnInput(),
    bracketMatching(),
    highlightActiveLine(),
    highlightSelectionMatches(),
    json(),
    looks.readOnly ? [] : [linter(parseUnlessEmpty), lintGutter()],
    syntaxHighlighting(highlights(token)),
    syntaxHighlighting(defaultHighlightStyle, { fallback: true }),
    EditorState.readOnly.of(looks.readOnly),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ 'aria-label': looks.label, tabindex: '0' }),
    editorTheme(looks),
    keymap.of([
      ...defaultKeymap,
      ...historyKeymap,
      ...foldKeymap,
      ...searchKeymap,
      ...lintKeymap,
      indentWithTab,
    ]),
  ];
}

const parse = jsonParseLinter();

function parseUnlessEmpty(view: EditorView) {
  return view.state.doc.length === 0 ? [] : parse(view);
}

function highlights(token: GlobalToken): HighlightStyle {
  return HighlightStyle.define([
    { tag: tags.propertyName, color: token.colorLink },
    { tag: tags.string, color: token.colorSuccessTextActive },
    { tag: tags.number, color: token.colorWarningTextActive },
    { tag: [tags.bool, tags.null], color: token.colorErrorTextActive },
  ]);
}

function editorTheme({ token, minHeight, maxHeight }: Looks): Extension {
  return EditorView.theme({
    '&': {
      border: `1px solid ${token.colorBorder}`,
      borderRadius: `${token.borderRadius}px`,
      backgroundColor: token.colorBgContainer,
      color: token.colorText,
      fontSize: '13px',
      maxHeight: `${maxHeight}px`,
    },
    '&.cm-focused': { outline: `2px solid ${token.colorPrimaryBorder}` },
    '.cm-scroller': { overflow: 'auto', fontFamily: token.fontFamilyCode, minHeight: `${minHeight}px` },
    '.cm-content': { caretColor: token.colorText },
    '.cm-cursor': { borderLeftColor: token.colorText },
    '.cm-gutters': {
      backgroundColor: token.colorFillQuaternary,
      color: token.colorTextSecondary,
      border: 'none',
    },
    '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: token.colorFillQuaternary },
    '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': {
      backgroundColor: `${token.colorPrimaryBgHover} !important`,
    },
    '.cm-tooltip, .cm-panels': { backgroundColor: token.colorBgElevated, color: token.colorText },
  });
}

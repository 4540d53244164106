import { Input } from 'antd';
import { useDraft } from './useDraft';

interface Field {
  label: string;
  placeholder?: string;
  value: string;
  width: number;
  onChange: (value: string) => void;
}

/** Words of a filter, which follow the address: asked for by Enter, the button, or clearing it; the focus stays. */
export function SearchField(props: Field) {
  const [draft, setDraft] = useDraft(props.value);
  return (
    <Input.Search
      aria-label={props.label}
      placeholder={props.placeholder ?? props.label}
      allowClear
      style={{ width: props.width }}
      value={draft}
      onChange={(event) => setDraft(event.target.value)}
      onSearch={(typed) => take(props, typed)}
    />
  );
}

/** A narrow one, without a button: asked for by Enter, or when it is left. */
export function WordField(props: Field) {
  const [draft, setDraft] = useDraft(props.value);
  return (
    <Input
      aria-label={props.label}
      placeholder={props.placeholder ?? props.label}
      allowClear
      style={{ width: props.width }}
      value={draft}
      onChange={(event) => setDraft(event.target.value)}
      onPressEnter={() => take(props, draft)}
      onBlur={() => take(props, draft)}
    />
  );
}

/** What is there already is not asked for again: a field that was only passed through leaves a list at its page. */
function take({ value, onChange }: Field, typed: string) {
  if (typed.trim() !== value) onChange(typed.trim());
}

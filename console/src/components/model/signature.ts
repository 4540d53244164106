/** One column, tensor or parameter of a model's signature. */
export interface SignatureField {
  /** null: known by its position alone */
  readonly name: string | null;
  /** As people read it: `double`, `array(string)`, `tensor(float32, -1 × 3)`. */
  readonly type: string;
  readonly required: boolean;
  readonly isTensor: boolean;
  /** Of parameters. */
  readonly fallback?: unknown;
}

export interface Signature {
  readonly inputs: readonly SignatureField[];
  readonly outputs: readonly SignatureField[];
  readonly params: readonly SignatureField[];
}

type Json = Readonly<Record<string, unknown>>;

/** An MLflow signature as the registry hands it on; null where there is none or it cannot be read. */
export function readSignature(raw: unknown): Signature | null {
  if (!isObject(raw)) return null;
  return { inputs: fields(raw.inputs), outputs: fields(raw.outputs), params: fields(raw.params) };
}

function fields(raw: unknown): SignatureField[] {
  return Array.isArray(raw) ? raw.filter(isObject).map(field) : [];
}

function field(raw: Json): SignatureField {
  return {
    name: raw.name === undefined || raw.name === null ? null : String(raw.name),
    type: typeText(raw),
    required: raw.required !== false && raw.optional !== true && raw.default === undefined,
    isTensor: raw.type === 'tensor',
    ...(raw.default === undefined ? {} : { fallback: raw.default }),
  };
}

/** A type in one line, nested ones too. */
export function typeText(raw: unknown): string {
  if (typeof raw === 'string') return raw;
  if (!isObject(raw)) return '?';
  if (raw.type === 'tensor' && isObject(raw['tensor-spec'])) {
    const { dtype, shape } = raw['tensor-spec'];
    return `tensor(${String(dtype)}, ${Array.isArray(shape) ? shape.join(' × ') : '?'})`;
  }
  if (raw.type === 'array') return `array(${typeText(raw.items)})`;
  if (raw.type === 'map') return `map(${typeText(raw.values)})`;
  if (raw.type === 'object' && isObject(raw.properties)) {
    return `{${Object.entries(raw.properties)
      .map(([name, inner]) => `${name}: ${typeText(inner)}`)
      .join(', ')}}`;
  }
  return String(raw.type ?? '?');
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

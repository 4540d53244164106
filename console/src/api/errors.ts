import type { components } from './schema';

export type ErrorDetail = components['schemas']['ErrorDetail'];

/** Whose move it is after an error: decides the second sentence of `ErrorNotice`. */
export type NextMove = 'correct' | 'reload' | 'sign-in' | 'ask-admin' | 'wait' | 'operator';

/** Any answer that is not a success; status 0 where the control plane could not be reached. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    /** The server's sentence; empty where there was no answer. */
    message: string,
    readonly status: number,
    readonly code: string,
    readonly requestId: string | null = null,
    readonly details: readonly ErrorDetail[] = [],
  ) {
    super(message);
  }

  get isAway(): boolean {
    return this.status === 0;
  }

  get nextMove(): NextMove {
    if (this.status === 401) return 'sign-in';
    if (this.status === 403) return 'ask-admin';
    if (this.status === 412) return 'reload';
    if (this.status === 0 || this.status === 429 || this.status === 503) return 'wait';
    return this.status >= 500 ? 'operator' : 'correct';
  }
}

/** The error that an answer holds; a body that is not the API's (a proxy's page) gives its status alone. */
export async function errorOf(response: Response): Promise<ApiError> {
  const requestId = response.headers.get('x-request-id');
  const body: unknown = await response.json().catch(() => null);
  if (!isErrorBody(body)) return new ApiError('', response.status, `HTTP_${response.status}`, requestId);
  return new ApiError(
    body.message,
    response.status,
    body.error_code,
    body.request_id || requestId,
    body.details,
  );
}

/** What was thrown, as an `ApiError`: what `fetch` throws means that nobody answered. */
export function asApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  if (thrown instanceof TypeError) return new ApiError('', 0, 'AWAY');
  return new ApiError(thrown instanceof Error ? thrown.message : String(thrown), -1, 'PAGE');
}

function isErrorBody(body: unknown): body is components['schemas']['ErrorView'] {
  return typeof body === 'object' && body !== null && 'message' in body && 'error_code' in body;
}

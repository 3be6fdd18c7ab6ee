import { FAILED, OK, REFUSED, UNAUTHENTICATED } from '../telemetry/metrics.mjs';

/** Codes that reach a client together with their message; see ARCHITECTURE.md. */
const VISIBLE = new Set([
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'BAD_REQUEST',
  'UNAVAILABLE',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
]);
const OURS = new Set(['UNAVAILABLE', 'INTERNAL_SERVER_ERROR']);
const CLIENT_FAULT = new Set(['BAD_REQUEST', 'GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED']);

/**
 * What the client sees of an execution result: `{ body, status, retryAfter, masked, outcome }`. Errors are built anew from
 * code, message, path and locations, so nothing that an inner layer hangs on them can leave.
 */
export function present(result, requestId) {
  if (!result.errors?.length) return { body: { data: result.data }, status: 200, masked: 0, outcome: OK };
  const errors = result.errors.map((error) => presentError(error, requestId));
  const body = { errors };
  if (result.data !== undefined || errors.some((error) => error.path)) body.data = result.data ?? null;
  const status = statusOf(result);
  return {
    body,
    status,
    retryAfter: Math.max(1, ...result.errors.map((error) => error.extensions?.retryAfter ?? 0)),
    masked: errors.filter((error) => error.extensions.code === 'INTERNAL_SERVER_ERROR').length,
    outcome: outcomeOf(status, errors),
  };
}

function outcomeOf(status, errors) {
  if (status === 401) return UNAUTHENTICATED;
  return errors.some((error) => OURS.has(error.extensions.code)) ? FAILED : REFUSED;
}

function presentError(error, requestId) {
  const code = codeOf(error);
  const visible = VISIBLE.has(code);
  const shown = { message: visible ? error.message : 'Internal server error', extensions: { code: visible ? code : 'INTERNAL_SERVER_ERROR', requestId } };
  if (error.path) shown.path = error.path;
  if (CLIENT_FAULT.has(code) && error.locations) shown.locations = error.locations;
  return shown;
}

/** Our name for an error's code. The query runtime throws the client's mistakes in variables without any. */
function codeOf(error) {
  const code = error.extensions?.code;
  if (code === undefined && /^Variable "\$/.test(error.message)) return 'BAD_REQUEST';
  return code === 'OPERATION_RESOLUTION_FAILURE' ? 'BAD_REQUEST' : code;
}

/** An HTTP error only where nothing was answered: GraphQL over HTTP says 200 to a partial answer. */
function statusOf(result) {
  if (Object.values(result.data ?? {}).some((value) => value !== null)) return 200;
  const codes = new Set(result.errors.map(codeOf));
  if (result.errors.some((error) => error.extensions?.status === 401)) return 401;
  if (codes.size === 1 && codes.has('UNAVAILABLE')) return 503;
  if (result.data === undefined && [...codes].every((code) => CLIENT_FAULT.has(code))) return 400;
  return 200;
}

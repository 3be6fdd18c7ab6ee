import { GraphQLError } from 'graphql';

/** What a subgraph may say to a client in its own words. */
const PASSED_ON = new Set(['UNAUTHENTICATED', 'FORBIDDEN', 'BAD_REQUEST', 'UNAVAILABLE']);
const AWAY = new Set([429, 502, 503, 504]);

/**
 * A subgraph's HTTP answer as a GraphQL result. Anything that is not one becomes an error without the subgraph's name,
 * address or words; `fault` says why, for the log.
 */
export function readAnswer(status, retryAfter, bytes) {
  const result = parseResult(bytes);
  if (AWAY.has(status) && result?.data == null) {
    return { errors: [unavailable(retryAfter)], fault: `HTTP ${status}` };
  }
  if (!result) {
    return status === 401
      ? { errors: [error('Sign in to do this.', 'UNAUTHENTICATED', { status })] }
      : { errors: [error(undefined, 'INTERNAL_SERVER_ERROR')], fault: `HTTP ${status} without a GraphQL result` };
  }
  if (!result.errors) return { data: result.data };
  const errors = result.errors.map((given) => readError(given, status, retryAfter));
  const masked = errors.some(({ extensions }) => extensions.code === 'INTERNAL_SERVER_ERROR');
  return { data: result.data ?? undefined, errors, fault: masked ? `HTTP ${status}, masked error` : undefined };
}

export function unavailable(retryAfter = 1) {
  return error('Part of the service is not available. Try again shortly.', 'UNAVAILABLE', { retryAfter });
}

function readError(given, status, retryAfter) {
  const code = given?.extensions?.code;
  const path = Array.isArray(given?.path) ? given.path : undefined;
  if (!PASSED_ON.has(code)) return error(undefined, 'INTERNAL_SERVER_ERROR', {}, path);
  if (code === 'UNAVAILABLE') return new GraphQLError(String(given.message), { path, extensions: { code, retryAfter } });
  return error(String(given.message), code, status === 401 ? { status } : {}, path);
}

function error(message, code, extensions = {}, path = undefined) {
  return new GraphQLError(message ?? 'Internal server error', { path, extensions: { code, ...extensions } });
}

function parseResult(bytes) {
  let parsed;
  try {
    parsed = JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
  if (parsed === null || typeof parsed !== 'object') return undefined;
  const { data, errors } = parsed;
  const hasErrors = Array.isArray(errors) && errors.length > 0;
  if (data === null || data === undefined ? !hasErrors : typeof data !== 'object' || Array.isArray(data)) return undefined;
  return { data, errors: hasErrors ? errors : undefined };
}

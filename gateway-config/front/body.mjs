import { isUtf8 } from 'node:buffer';
import { Refusal } from './refusal.mjs';

const MAX_NESTING = 100;

// A client that is still sending when it is refused sees a broken connection instead of the answer: what is too large is
// read to its end and thrown away, up to this many times the limit.
const PATIENCE = 8;
const ARRIVAL_MS = 30_000;

/** The whole body, at most `limit` bytes, within half a minute. */
export function readBody(req, limit) {
  return new Promise((resolve, reject) => {
    const tooLarge = () => new Refusal(413, 'BAD_REQUEST', `A request body holds at most ${limit} bytes.`, { connection: 'close' });
    if (Number(req.headers['content-length']) > limit * PATIENCE) return reject(tooLarge());
    let chunks = [];
    let size = 0;
    const slow = setTimeout(() => reject(new Refusal(408, 'BAD_REQUEST', 'The request body took too long.', { connection: 'close' })), ARRIVAL_MS);
    req.on('data', (chunk) => {
      size += chunk.length;
      if (size <= limit) return chunks.push(chunk);
      chunks = [];
      if (size <= limit * PATIENCE) return;
      req.pause();
      reject(tooLarge());
    });
    req.on('end', () => {
      clearTimeout(slow);
      if (size > limit) return reject(tooLarge());
      resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks));
    });
    req.on('error', () => {
      clearTimeout(slow);
      reject(new Refusal(400, 'BAD_REQUEST', 'The request body ended early.'));
    });
  });
}

/** The GraphQL request in a JSON body. */
export function parseBody(bytes) {
  if (!isUtf8(bytes)) throw new Refusal(400, 'BAD_REQUEST', 'The body must be JSON in UTF-8.');
  let body;
  try {
    body = JSON.parse(bytes.toString());
  } catch {
    throw new Refusal(400, 'BAD_REQUEST', 'The body must be JSON in UTF-8.');
  }
  return body;
}

/** The GraphQL request in a query string. */
export function parseQueryString(search) {
  const given = new URLSearchParams(search);
  const json = (name) => {
    const text = given.get(name);
    if (text === null || text === '') return undefined;
    try {
      return JSON.parse(text);
    } catch {
      throw new Refusal(400, 'BAD_REQUEST', `"${name}" must be JSON.`);
    }
  };
  return {
    query: given.get('query') ?? undefined,
    documentId: given.get('documentId') ?? undefined,
    operationName: given.get('operationName') ?? undefined,
    variables: json('variables'),
    extensions: json('extensions'),
  };
}

/** Checks the shape of a GraphQL request before anything is parsed. */
export function checkParams(params, maxQueryBytes) {
  if (Array.isArray(params)) throw bad('Send one operation per request.');
  if (params === null || typeof params !== 'object') throw bad('The body must be a JSON object with a query.');
  const { query, variables, operationName, extensions } = params;
  if (query == null && extensions?.persistedQuery) {
    throw new Refusal(400, 'PERSISTED_QUERY_NOT_SUPPORTED', 'PersistedQueryNotSupported');
  }
  if (typeof query !== 'string' || query === '') throw bad('"query" must be a GraphQL document.');
  if (query.length > maxQueryBytes) throw bad(`"query" holds at most ${maxQueryBytes} characters; use variables.`);
  if (!isObjectOrAbsent(variables)) throw bad('"variables" must be an object.');
  if (!nestsWithin(variables, MAX_NESTING)) throw bad(`"variables" nests deeper than ${MAX_NESTING} levels.`);
  if (!isObjectOrAbsent(extensions)) throw bad('"extensions" must be an object.');
  if (operationName != null && typeof operationName !== 'string') throw bad('"operationName" must be a string.');
  return { query, variables: variables ?? undefined, operationName: operationName || undefined };
}

/** Coercion recurses: what nests without end would overflow its stack. */
function nestsWithin(value, levels) {
  if (value === null || typeof value !== 'object') return true;
  return levels > 0 && Object.values(value).every((inner) => nestsWithin(inner, levels - 1));
}

function isObjectOrAbsent(value) {
  return value == null || (typeof value === 'object' && !Array.isArray(value));
}

function bad(message) {
  return new Refusal(400, 'BAD_REQUEST', message);
}

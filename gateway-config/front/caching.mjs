import { createHash } from 'node:crypto';

// Nothing is kept past an edit: whoever holds an answer asks whether it still holds. What asking saves is the bytes.
const REVALIDATED = 'public, max-age=0, must-revalidate';
const VARY = 'accept, accept-language, authorization, origin';

/**
 * How an answer may be kept: headers, and `fresh` when the client holds it already. A query by GET without a token is
 * answered for nobody in particular, so whatever it holds is public; an answer with errors is no content.
 */
export function cacheability(req, status, type, bytes, hasErrors) {
  if (req.method !== 'GET') return { headers: { 'cache-control': 'no-store' }, fresh: false };
  if (req.headers.authorization !== undefined || status !== 200 || hasErrors) {
    return { headers: { 'cache-control': 'private, no-store', vary: VARY }, fresh: false };
  }
  const etag = `"${createHash('sha256').update(type).update(bytes).digest('base64url').slice(0, 27)}"`;
  return { headers: { 'cache-control': REVALIDATED, etag, vary: VARY }, fresh: holds(req.headers['if-none-match'], etag) };
}

function holds(ifNoneMatch, etag) {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((given) => given.trim() === '*' || given.trim().replace(/^W\//, '') === etag);
}

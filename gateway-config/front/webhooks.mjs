import { request } from 'undici';
import { readBody } from './body.mjs';
import { Refusal } from './refusal.mjs';

// Which subgraph's process takes which webhook. It checks who sends it: the signature is over the very bytes of the body.
const OWNERS = { '/webhooks/redemptions': 'codes' };
const MAX_BYTES = 256 * 1024;
const SENT = ['content-type', 'monoql-platform', 'monoql-timestamp', 'monoql-signature'];
const RETURNED = ['content-type', 'retry-after'];
const PATIENCE_MS = 9_000;

/** Passes `POST /webhooks/<name>` on to the process that owns it, and its answer back. */
export function createWebhooks({ supergraph, log }) {
  return async function passOn(req, res, call) {
    const owner = Object.hasOwn(OWNERS, req.url) ? OWNERS[req.url] : undefined;
    const origin = owner && supergraph.subgraphOrigin(owner);
    if (!origin) throw new Refusal(404, 'NOT_FOUND', 'There is no such webhook.');
    if (req.method !== 'POST') throw new Refusal(405, 'BAD_REQUEST', 'Webhooks are sent with POST.', { allow: 'POST' });
    const body = await readBody(req, MAX_BYTES);
    let answer;
    let text;
    try {
      answer = await request(`${origin}${req.url}`, {
        method: 'POST',
        body,
        headers: { ...pick(req.headers, SENT), 'x-request-id': call.id, 'x-client-ip': call.clientIp, ...trace(call) },
        headersTimeout: PATIENCE_MS,
        bodyTimeout: PATIENCE_MS,
      });
      text = await answer.body.text();
    } catch (error) {
      log.warning('webhook not taken', { ...call.ids, owner, fault: error.code ?? error.name });
      throw new Refusal(503, 'UNAVAILABLE', 'This cannot be taken right now. Send it again shortly.', { 'retry-after': '2' });
    }
    res.writeHead(answer.statusCode, { ...pick(answer.headers, RETURNED), 'cache-control': 'no-store' });
    res.end(text);
  };
}

function trace({ trace: { traceparent } }) {
  return traceparent ? { traceparent } : {};
}

function pick(headers, names) {
  const picked = {};
  for (const name of names) if (headers[name] !== undefined) picked[name] = headers[name];
  return picked;
}

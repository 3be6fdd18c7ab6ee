import { pipeline } from 'node:stream/promises';
import { request } from 'undici';
import { Refusal } from './refusal.mjs';

const PATH = /^\/files\/([a-z][a-z0-9-]*)\/([A-Za-z0-9_~.=-]+(?:\/[A-Za-z0-9_~.=-]+)*)$/;
const DOTS = /(?:^|\/)\.{1,2}(?:\/|$)/;
const SENT = ['authorization', 'range', 'if-none-match', 'if-modified-since', 'if-range', 'accept-encoding'];
const RETURNED = [
  'content-type', 'content-length', 'content-disposition', 'content-encoding', 'content-range', 'accept-ranges',
  'cache-control', 'etag', 'last-modified', 'location', 'retry-after', 'www-authenticate',
];
const IDLE_MS = 30_000;

/** Streams `GET /files/<service>/<token>` from `/files/<token>` of that service's process, which decides who may have it. */
export function createFiles({ supergraph, log }) {
  return async function serveFile(req, res, call) {
    const [, service, token] = PATH.exec(req.url) ?? [];
    const origin = service && !DOTS.test(token) ? supergraph.subgraphOrigin(service) : undefined;
    if (!origin) throw new Refusal(404, 'NOT_FOUND', 'There is no such file.');
    if (req.method !== 'GET' && req.method !== 'HEAD') throw new Refusal(405, 'BAD_REQUEST', 'Files are read with GET.', { allow: 'GET, HEAD' });

    const gone = new AbortController();
    res.on('close', () => gone.abort());
    let answer;
    try {
      answer = await request(`${origin}/files/${token}`, {
        method: req.method,
        headers: { ...pick(req.headers, SENT), 'x-request-id': call.id, 'x-client-ip': call.clientIp, ...trace(call) },
        headersTimeout: IDLE_MS,
        bodyTimeout: IDLE_MS,
        signal: gone.signal,
      });
    } catch (error) {
      if (!gone.signal.aborted) log.warning('file not served', { request_id: call.id, service, fault: error.code ?? error.name });
      throw new Refusal(503, 'UNAVAILABLE', 'The file cannot be had right now. Try again shortly.', { 'retry-after': '2' });
    }
    res.writeHead(answer.statusCode, pick(answer.headers, RETURNED));
    await pipeline(answer.body, res).catch((error) => {
      if (!gone.signal.aborted) log.warning('file cut short', { request_id: call.id, service, fault: error.code ?? error.name });
    });
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

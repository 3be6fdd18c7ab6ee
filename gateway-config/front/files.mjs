import { pipeline } from 'node:stream/promises';
import { request } from 'undici';
import { busy, Refusal } from './refusal.mjs';

const PATH = /^\/files\/([a-z][a-z0-9-]*)\/([A-Za-z0-9_~.=-]+(?:\/[A-Za-z0-9_~.=-]+)*)$/;
const DOTS = /(?:^|\/)\.{1,2}(?:\/|$)/;
const SENT = ['authorization', 'range', 'if-none-match', 'if-modified-since', 'if-range', 'accept-encoding'];
const RETURNED = [
  'content-type', 'content-length', 'content-disposition', 'content-encoding', 'content-range', 'accept-ranges',
  'cache-control', 'etag', 'last-modified', 'location', 'retry-after', 'www-authenticate',
  'content-security-policy', 'cross-origin-resource-policy', 'x-content-type-options',
];
const METHODS = ['GET', 'HEAD', 'PUT'];
const IDLE_MS = 30_000;

/**
 * Streams `/files/<service>/<token>` from, or by PUT to, `/files/<token>` of that service's process, which decides who
 * may. Pieces are passed on as fast as the slower side takes them; so many uploads at once, so large, and no more.
 */
export function createFiles({ supergraph, settings, log }) {
  let arriving = 0;

  return async function serveFile(req, res, call) {
    const [, service, token] = PATH.exec(req.url) ?? [];
    const origin = service && !DOTS.test(token) ? supergraph.subgraphOrigin(service) : undefined;
    if (!origin) throw new Refusal(404, 'NOT_FOUND', 'There is no such file.');
    if (!METHODS.includes(req.method)) throw new Refusal(405, 'BAD_REQUEST', 'Files are read with GET and sent with PUT.', { allow: METHODS.join(', ') });
    if (req.method !== 'PUT') return forward(req, res, call, { service, origin, token });

    checkLength(req);
    if (arriving >= settings.maxUploads) throw busy();
    arriving += 1;
    try {
      req.setTimeout(IDLE_MS, () => req.destroy());
      await forward(req, res, call, { service, origin, token });
    } finally {
      arriving -= 1;
    }
  };

  async function forward(req, res, call, { service, origin, token }) {
    const sends = req.method === 'PUT';
    const gone = new AbortController();
    res.on('close', () => gone.abort());
    let answer;
    try {
      answer = await request(`${origin}/files/${token}`, {
        method: req.method,
        headers: { ...pick(req.headers, sends ? [...SENT, 'content-length'] : SENT), 'x-request-id': call.id, 'x-client-ip': call.clientIp, ...trace(call) },
        body: sends ? req : undefined,
        headersTimeout: IDLE_MS,
        bodyTimeout: IDLE_MS,
        signal: gone.signal,
      });
    } catch (error) {
      if (!gone.signal.aborted) log.warning('file not served', { ...call.ids, service, fault: error.code ?? error.name });
      throw new Refusal(503, 'UNAVAILABLE', 'Files cannot be reached right now. Try again shortly.', { 'retry-after': '2' });
    }
    res.writeHead(answer.statusCode, pick(answer.headers, RETURNED));
    await pipeline(answer.body, res).catch((error) => {
      if (!gone.signal.aborted) log.warning('file cut short', { ...call.ids, service, fault: error.code ?? error.name });
    });
  }

  /** Who tells the length keeps to it, says the HTTP parser: nothing needs counting on the way. */
  function checkLength(req) {
    const length = req.headers['content-length'];
    const close = { connection: 'close' };
    if (length === undefined) throw new Refusal(411, 'BAD_REQUEST', 'Say how long the file is: send Content-Length.', close);
    if (Number(length) > settings.maxUploadBytes) throw new Refusal(413, 'BAD_REQUEST', `A file holds at most ${settings.maxUploadBytes} bytes.`, close);
  }
}

function trace({ trace: { traceparent } }) {
  return traceparent ? { traceparent } : {};
}

function pick(headers, names) {
  const picked = {};
  for (const name of names) if (headers[name] !== undefined) picked[name] = headers[name];
  return picked;
}

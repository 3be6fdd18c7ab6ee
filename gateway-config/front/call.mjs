import { randomUUID } from 'node:crypto';
import { FAILED, GONE } from '../telemetry/metrics.mjs';

const UNREAD = { name: 'unread', kind: 'none' };
const REQUEST_ID = /^[A-Za-z0-9_-]{8,64}$/;

/** One request of a client: who asks, under which id and trace, and which fetches are under way for it. */
export class Call {
  fetches = new Set();
  ended = false;
  gone = false;
  deadline = 0;
  began = performance.now();
  // What is counted of it, until more is known.
  operation = UNREAD;
  outcome = FAILED;

  constructor(req, trustedProxies, tracer) {
    const { headers } = req;
    const given = headers['x-request-id'];
    this.headers = headers;
    this.id = given !== undefined && REQUEST_ID.test(given) ? given : randomUUID();
    this.clientIp = clientIp(req, trustedProxies);
    this.trace = tracer.begin(headers.traceparent);
  }

  /** What its lines in the log name. */
  get ids() {
    const { span } = this.trace;
    return span ? { request_id: this.id, trace_id: span.traceId, span_id: span.spanId } : { request_id: this.id };
  }

  count(requests) {
    const { name, kind } = this.operation;
    requests.observe([name, kind, this.gone ? GONE : this.outcome], (performance.now() - this.began) / 1_000);
  }

  /** Time is up: every fetch ends, and no other starts. */
  expire() {
    this.ended = true;
    for (const fetch of this.fetches) fetch.abort('deadline');
  }

  /** Queries asked before `since` are given up, so that a frozen subgraph costs its own fields and not the whole page. */
  goOnWithout(since) {
    for (const fetch of this.fetches) if (fetch.safeToAbandon && fetch.askedAt <= since) fetch.giveUp();
  }

  /** The client went away: reads are worth nothing now, a mutation may be half done and runs on. */
  abandon() {
    this.gone = true;
    for (const fetch of this.fetches) if (fetch.safeToAbandon) fetch.abort('client gone');
  }
}

/** Each trusted proxy appends the address it saw, so the client is that many entries from the end. */
function clientIp(req, trustedProxies) {
  const forwarded = trustedProxies && req.headers['x-forwarded-for'];
  const address = (forwarded && forwarded.split(',').at(-trustedProxies)?.trim()) || req.socket.remoteAddress || '';
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}

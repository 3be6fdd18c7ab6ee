import { randomBytes } from 'node:crypto';

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;
const SAMPLED = 1;

/**
 * Spans of the router: one per operation, one per subgraph fetch. Made when the caller's traceparent is sampled, and for
 * a `share` (0 to 1, undefined without a collector) of the requests without one; the others' traceparent says so, and no tier behind makes a span.
 */
export function createTracer(exporter, { share }) {
  return {
    /** The trace context of a request: `{ traceparent, span? }`. */
    begin(header) {
      const match = header === undefined ? null : TRACEPARENT.exec(header);
      if (!match && share === undefined) return NONE;
      if (!match && Math.random() >= share) return { traceparent: untraced() };
      if (match && !(Number.parseInt(match[3], 16) & SAMPLED)) return { traceparent: header };
      const span = open(match?.[1] ?? hex(16), match?.[2], 'graphql', SERVER);
      return { traceparent: asHeader(span), span };
    },

    /** A span for one subgraph fetch, or undefined; its traceparent makes it the parent of the subgraph's spans. */
    child(trace, subgraph) {
      if (!trace.span) return undefined;
      const span = open(trace.span.traceId, trace.span.spanId, `fetch ${subgraph}`, CLIENT);
      return { traceparent: asHeader(span), span };
    },

    end(trace, failed, attributes) {
      if (!trace?.span) return;
      trace.span.endTimeUnixNano = now();
      trace.span.attributes = attributes;
      if (failed) trace.span.status = { code: 2 };
      exporter.add(trace.span);
    },
  };
}

const NONE = Object.freeze({});
const SERVER = 2;
const CLIENT = 3;

function open(traceId, parentSpanId, name, kind) {
  return { traceId, spanId: hex(8), parentSpanId, name, kind, startTimeUnixNano: now() };
}

function asHeader(span) {
  return `00-${span.traceId}-${span.spanId}-01`;
}

/** Most requests get one: a single draw for both ids is half the price of two. */
function untraced() {
  const drawn = hex(24);
  return `00-${drawn.slice(0, 32)}-${drawn.slice(32)}-00`;
}

function hex(bytes) {
  return randomBytes(bytes).toString('hex');
}

function now() {
  return String(Math.round((performance.timeOrigin + performance.now()) * 1_000)) + '000';
}

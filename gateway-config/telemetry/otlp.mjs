import { request } from 'undici';

const FLUSH_MS = 1_000;
const FLUSH_AT = 256;
const MAX_QUEUED = 4_096;

/** Sends finished spans as OTLP/HTTP JSON, in batches. A collector that is away costs spans, never requests. */
export function createOtlpExporter(endpoint, log) {
  let queue = [];
  let lost = 0;
  const timer = setInterval(flush, FLUSH_MS);
  timer.unref();

  async function flush() {
    if (lost) log.warning('spans lost', { count: lost });
    lost = 0;
    const spans = queue;
    if (!spans.length) return;
    queue = [];
    try {
      const answer = await request(`${endpoint}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(envelope(spans)),
        headersTimeout: 5_000,
        bodyTimeout: 5_000,
      });
      await answer.body.dump();
      if (answer.statusCode >= 400) lost += spans.length;
    } catch {
      lost += spans.length;
    }
  }

  return {
    add(span) {
      if (queue.length >= MAX_QUEUED) lost += 1;
      else if (queue.push(span) === FLUSH_AT) void flush();
    },
    async close() {
      clearInterval(timer);
      await flush();
    },
  };
}

function envelope(spans) {
  return {
    resourceSpans: [
      {
        resource: { attributes: attributes({ 'service.name': 'monoql-router' }) },
        scopeSpans: [
          {
            scope: { name: 'monoql-router' },
            spans: spans.map((span) => ({ ...span, attributes: attributes(span.attributes) })),
          },
        ],
      },
    ],
  };
}

function attributes(values = {}) {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ({
      key,
      value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: String(value) },
    }));
}

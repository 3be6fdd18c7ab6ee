import { request } from 'undici';

const FLUSH_MS = 1_000;
const FLUSH_AT = 256;
const MAX_QUEUED = 4_096;
const METRICS_MS = 10_000;
const CUMULATIVE = 2;
const SEVERITY = { debug: 5, info: 9, warning: 13, error: 17 };

/** Sends finished spans as OTLP/HTTP JSON, in batches. A collector that is away costs spans, never requests. */
export function createSpanExporter(endpoint, log) {
  return createQueue(endpoint, log, {
    path: '/v1/traces',
    lost: 'spans lost',
    envelope: (spans) => ({
      resourceSpans: [{ resource, scopeSpans: [{ scope, spans: spans.map((span) => ({ ...span, attributes: attributes(span.attributes) })) }] }],
    }),
  });
}

/** Sends the log's lines the same way. */
export function createLineExporter(endpoint, log) {
  return createQueue(endpoint, log, {
    path: '/v1/logs',
    lost: 'log lines lost',
    envelope: (lines) => ({ resourceLogs: [{ resource, scopeLogs: [{ scope, logRecords: lines.map(record) }] }] }),
  });
}

/** Sends what has been counted so far, every ten seconds. */
export function createMetricsExporter(endpoint, metrics, log) {
  const startTimeUnixNano = nanoseconds(Date.now());
  const timer = setInterval(() => void flush(), METRICS_MS);
  timer.unref();

  async function flush() {
    const times = { startTimeUnixNano, timeUnixNano: nanoseconds(Date.now()) };
    const written = Object.values(metrics).map((metric) => describe(metric, times));
    const taken = await post(`${endpoint}/v1/metrics`, { resourceMetrics: [{ resource, scopeMetrics: [{ scope, metrics: written }] }] });
    if (!taken) log.warning('metrics not taken');
  }

  return {
    async close() {
      clearInterval(timer);
      await flush();
    },
  };
}

function createQueue(endpoint, log, { path, lost: words, envelope }) {
  let queue = [];
  let lost = 0;
  const timer = setInterval(flush, FLUSH_MS);
  timer.unref();

  async function flush() {
    if (lost) log.warning(words, { count: lost });
    lost = 0;
    const items = queue;
    if (!items.length) return;
    queue = [];
    if (!(await post(endpoint + path, envelope(items)))) lost += items.length;
  }

  return {
    add(item) {
      if (queue.length >= MAX_QUEUED) lost += 1;
      else if (queue.push(item) === FLUSH_AT) void flush();
    },
    async close() {
      clearInterval(timer);
      await flush();
    },
  };
}

/** Whether the collector took it. */
async function post(url, body) {
  try {
    const answer = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      headersTimeout: 5_000,
      bodyTimeout: 5_000,
    });
    await answer.body.dump();
    return answer.statusCode < 400;
  } catch {
    return false;
  }
}

function describe(metric, times) {
  const { name, help: description } = metric;
  if (metric.kind === 'gauge') {
    const dataPoints = metric.series().map(({ labels, value }) => ({ ...times, attributes: attributes(labels), asDouble: value }));
    return { name, description, gauge: { dataPoints } };
  }
  const dataPoints = metric.series().map(({ labels, counts, sum }) => ({
    ...times,
    attributes: attributes(labels),
    count: String(counts.reduce((total, count) => total + count, 0)),
    sum,
    bucketCounts: counts.map(String),
    explicitBounds: metric.bounds,
  }));
  return { name, description, histogram: { dataPoints, aggregationTemporality: CUMULATIVE } };
}

function record({ timestamp, level, event, trace_id: traceId, span_id: spanId, ...fields }) {
  return {
    timeUnixNano: nanoseconds(Date.parse(timestamp)),
    severityNumber: SEVERITY[level],
    severityText: level,
    body: { stringValue: event },
    attributes: attributes(fields),
    traceId,
    spanId,
  };
}

function attributes(values = {}) {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ({
      key,
      value: Number.isInteger(value) ? { intValue: String(value) } : { stringValue: String(value) },
    }));
}

function nanoseconds(milliseconds) {
  return `${milliseconds}000000`;
}

const resource = { attributes: attributes({ 'service.name': 'monoql-router' }) };
const scope = { name: 'monoql-router' };

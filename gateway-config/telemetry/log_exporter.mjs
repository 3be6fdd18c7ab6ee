/** Writes finished spans to the log, in the shape of the Python tiers' spans: the default where no collector is set. */
export function createLogExporter(log) {
  return {
    add({ name, traceId, spanId, parentSpanId, startTimeUnixNano, endTimeUnixNano, attributes }) {
      const milliseconds = Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)) / 1e6;
      log.info('span', { name, trace_id: traceId, span_id: spanId, parent_id: parentSpanId ?? null, milliseconds, ...attributes });
    },
  };
}

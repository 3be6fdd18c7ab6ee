import { Logger } from '@graphql-hive/gateway-runtime';

const RANK = { debug: 10, info: 20, warning: 30, error: 40 };

/**
 * JSON lines on stderr, in the shape of the Python tiers' logs, and to `exporter` where there is one. Callers pass ids, codes and counts: never a query,
 * a variable, a header or an upstream's words.
 */
export function createLog(level, exporter = undefined) {
  const least = RANK[level];
  const at = (name) =>
    RANK[name] < least
      ? () => {}
      : (event, fields) => {
          const line = { ...fields, process: 'router', level: name, timestamp: new Date().toISOString(), event };
          process.stderr.write(JSON.stringify(line) + '\n');
          exporter?.add(line);
        };
  return { debug: at('debug'), info: at('info'), warning: at('warning'), error: at('error') };
}

/** Hive's logger, writing to ours. It drops attributes, which can hold queries and URLs. */
export function createHiveLog(log) {
  const writer = { write: (level, _attributes, message) => log[level === 'warn' ? 'warning' : level]?.(`gateway: ${message}`) };
  return new Logger({ level: 'error', writers: [writer] });
}

/** Stands in for Hive's logger inside a request, where a child logger per subgraph call would cost more than a span. */
export const silent = Object.freeze({
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
  child() {
    return this;
  },
});

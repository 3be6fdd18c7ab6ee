/** Whose doing an outcome was: `refused` is the caller's, `failed` ours, `gone` a caller who did not wait for it. */
export const OK = 'ok';
export const REFUSED = 'refused';
export const UNAUTHENTICATED = 'unauthenticated';
export const BUSY = 'busy';
export const FAILED = 'failed';
export const GONE = 'gone';

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What the router counts, in plain numbers, as the Python tiers do. Labels are names that the router knows, never what a request says. */
export function createMetrics() {
  return {
    requests: new Histogram('monoql_router_request_seconds', 'Requests of clients.', ['operation', 'kind', 'outcome']),
    fetches: new Histogram('monoql_router_fetch_seconds', 'Requests to subgraphs.', ['subgraph', 'outcome']),
    inFlight: new Gauge('monoql_router_in_flight', 'Requests of clients that are being answered.'),
  };
}

export function outcomeOfStatus(status) {
  if (status < 400) return OK;
  if (status === 401) return UNAUTHENTICATED;
  if (status === 503) return BUSY;
  return status < 500 ? REFUSED : FAILED;
}

/** Everything in Prometheus' text format. */
export function asText(metrics) {
  return Object.values(metrics)
    .flatMap((metric) => [`# HELP ${metric.name} ${metric.help}`, `# TYPE ${metric.name} ${metric.kind}`, ...metric.lines()])
    .map((line) => `${line}\n`)
    .join('');
}

/** Durations in fixed buckets, by labels. */
class Histogram {
  kind = 'histogram';
  bounds = SECONDS;
  #series = new Map();

  constructor(name, help, labels) {
    this.name = name;
    this.help = help;
    this.labels = labels;
  }

  observe(values, seconds) {
    const key = values.join('\0');
    let series = this.#series.get(key);
    if (!series) this.#series.set(key, (series = { values, counts: new Array(SECONDS.length + 1).fill(0), sum: 0 }));
    let bucket = 0;
    while (bucket < SECONDS.length && seconds > SECONDS[bucket]) bucket++;
    series.counts[bucket]++;
    series.sum += seconds;
  }

  series() {
    return [...this.#series.values()].map(({ values, counts, sum }) => ({ labels: this.#labels(values), counts, sum }));
  }

  lines() {
    return this.series().flatMap(({ labels, counts, sum }) => {
      const written = write(labels);
      let total = 0;
      const buckets = counts.map((count, bucket) => `${this.name}_bucket{${written},le="${SECONDS[bucket] ?? '+Inf'}"} ${(total += count)}`);
      return [...buckets, `${this.name}_sum{${written}} ${sum}`, `${this.name}_count{${written}} ${total}`];
    });
  }

  #labels(values) {
    return { process: 'router', ...Object.fromEntries(this.labels.map((label, place) => [label, values[place]])) };
  }
}

/** How something stands whenever somebody reads it. */
class Gauge {
  kind = 'gauge';
  read = () => 0;

  constructor(name, help) {
    this.name = name;
    this.help = help;
  }

  series() {
    return [{ labels: { process: 'router' }, value: this.read() }];
  }

  lines() {
    return this.series().map(({ labels, value }) => `${this.name}{${write(labels)}} ${value}`);
  }
}

function write(labels) {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join(',');
}

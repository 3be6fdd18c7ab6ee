import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

/** A setting that is missing or wrong; the message names it. */
export class SettingsError extends Error {}

/** Every setting of the router, typed and checked; README.md holds the table. */
export function readSettings(env) {
  const production = oneOf(env, 'MONOQL_ENV', ['development', 'production'], 'development') === 'production';
  return Object.freeze({
    production,
    host: env.BIND_HOST || '127.0.0.1',
    port: integer(env, 'ROUTER_PORT', 4000, { min: 1, max: 65_535 }),
    supergraphPath: env.SUPERGRAPH || join(here, 'supergraph.graphql'),
    supergraphPollMs: integer(env, 'ROUTER_SUPERGRAPH_POLL_MS', 5_000, { min: 100 }),
    contracts: contracts(env),
    persistedPath: env.ROUTER_PERSISTED_DOCUMENTS || join(here, 'persisted.json'),
    persistedOnly: oneOf(env, 'ROUTER_PERSISTED_ONLY', ['true', 'false'], String(production)) === 'true',
    secrets: secrets(env, production),
    allowedOrigins: list(env.ROUTER_ALLOWED_ORIGINS),
    trustedProxies: integer(env, 'ROUTER_TRUST_PROXY', 0, { min: 0, max: 10 }),
    maxInFlight: integer(env, 'ROUTER_MAX_IN_FLIGHT', 500, { min: 1 }),
    upstreamConnections: integer(env, 'ROUTER_UPSTREAM_CONNECTIONS', 128, { min: 1 }),
    deadlineMs: integer(env, 'ROUTER_DEADLINE_MS', 10_000, { min: 10 }),
    patienceMs: integer(env, 'ROUTER_PATIENCE_MS', 2_000, { min: 10 }),
    drainMs: integer(env, 'ROUTER_DRAIN_MS', 12_000, { min: 0 }),
    maxBodyBytes: integer(env, 'ROUTER_MAX_BODY_BYTES', 1_048_576, { min: 1_024 }),
    maxUploads: integer(env, 'ROUTER_MAX_UPLOADS', 16, { min: 1 }),
    maxUploadBytes: integer(env, 'ROUTER_MAX_UPLOAD_BYTES', 134_217_728, { min: 1_024 }),
    uploadMs: integer(env, 'ROUTER_UPLOAD_MS', 900_000, { min: 1_000 }),
    limits: Object.freeze({
      queryBytes: integer(env, 'ROUTER_MAX_QUERY_BYTES', 65_536, { min: 1_024 }),
      tokens: integer(env, 'ROUTER_MAX_TOKENS', 2_000, { min: 10 }),
      depth: integer(env, 'ROUTER_MAX_DEPTH', 15, { min: 1 }),
      aliases: integer(env, 'ROUTER_MAX_ALIASES', 30, { min: 0 }),
      directives: integer(env, 'ROUTER_MAX_DIRECTIVES', 50, { min: 0 }),
      rootFields: integer(env, 'ROUTER_MAX_ROOT_FIELDS', 20, { min: 1 }),
    }),
    logLevel: oneOf(env, 'LOG_LEVEL', ['debug', 'info', 'warning', 'error'], 'info', (value) => value.toLowerCase()),
    metricsPort: integer(env, 'ROUTER_METRICS_PORT', 0, { min: 0, max: 65_535 }),
    traceShare: share(env, 'ROUTER_TRACE_SHARE', 1),
    otlpEndpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT?.replace(/\/+$/, '') || undefined,
    /** Where a subgraph is: `<NAME>_SUBGRAPH_URL`, else `<NAME>_PORT` on loopback, else what the supergraph says. */
    subgraphUrl(name, composed) {
      const prefix = name.toUpperCase().replaceAll('-', '_');
      const given = env[`${prefix}_SUBGRAPH_URL`];
      if (given) return url(`${prefix}_SUBGRAPH_URL`, given);
      const port = integer(env, `${prefix}_PORT`, 0, { min: 0, max: 65_535 });
      return port ? `http://127.0.0.1:${port}/graphql` : url(`routing_url of ${name}`, composed);
    },
  });
}

function secrets(env, production) {
  const values = list(env.ROUTER_SECRETS);
  if (!values.length) throw new SettingsError('ROUTER_SECRETS is not set: the router signs its requests to subgraphs with it');
  if (production && values.some((value) => value.startsWith('development-'))) {
    throw new SettingsError('ROUTER_SECRETS holds a development secret, which MONOQL_ENV=production refuses');
  }
  return values;
}

function contracts(env) {
  const names = list(env.ROUTER_CONTRACTS || 'public,fan');
  for (const name of names) oneOf({ ROUTER_CONTRACTS: name }, 'ROUTER_CONTRACTS', ['public', 'fan']);
  return Object.freeze([...new Set(names)]);
}

function integer(env, name, fallback, { min, max = Number.MAX_SAFE_INTEGER }) {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new SettingsError(`${name} is "${text}": it must be a whole number from ${min} to ${max}`);
  }
  return value;
}

function share(env, name, fallback) {
  const value = Number(env[name] || fallback);
  if (!(value >= 0 && value <= 1)) throw new SettingsError(`${name} is "${env[name]}": it must be a number from 0 to 1`);
  return value;
}

function oneOf(env, name, allowed, fallback, normalize = (value) => value) {
  const value = normalize(env[name] || fallback);
  if (!allowed.includes(value)) throw new SettingsError(`${name} is "${value}": it must be one of ${allowed.join(', ')}`);
  return value;
}

function url(name, value) {
  if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol)) {
    throw new SettingsError(`${name} is not an http(s) URL`);
  }
  return value;
}

function list(text) {
  return (text ?? '').split(',').map((item) => item.trim()).filter(Boolean);
}

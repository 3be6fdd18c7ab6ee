import { createServer } from 'node:http';
import { Call } from './call.mjs';
import { createCors } from './cors.mjs';
import { createFiles } from './files.mjs';
import { createGraphqlHandler, refuse } from './graphql.mjs';
import { createReadiness } from './health.mjs';
import { InFlight } from './in_flight.mjs';
import { busy, Refusal } from './refusal.mjs';
import { outcomeOfStatus } from '../telemetry/metrics.mjs';
import { createWebhooks } from './webhooks.mjs';

const PATHS = { public: '/graphql', fan: '/fan/graphql' };

/** The public HTTP server: which path goes where, and how many at once. */
export function createFront({ settings, supergraph, documents, tracer, metrics, log }) {
  const cors = createCors(settings.allowedOrigins);
  const isReady = createReadiness({ supergraph, log });
  const inFlight = new InFlight({ max: settings.maxInFlight, deadlineMs: settings.deadlineMs, patienceMs: settings.patienceMs });
  const graphql = new Map(
    settings.contracts.map((contract) => [PATHS[contract], createGraphqlHandler({ supergraph, contract, documents, settings, tracer, log })]),
  );
  const webhooks = createWebhooks({ supergraph, log });
  const files = createFiles({ supergraph, settings, log });
  metrics.inFlight.read = () => inFlight.size;
  let draining = false;

  const server = createServer({ requestTimeout: settings.uploadMs, headersTimeout: 10_000, keepAliveTimeout: 65_000 }, handle);
  return { server, drain };

  function handle(req, res) {
    const path = pathOf(req.url);
    if (path === '/livez') return answer(res, 200, 'live');
    if (path === '/readyz') return void isReady().then((ready) => answer(res, ready && !draining ? 200 : 503, ready ? 'ready' : 'not ready'));
    if (req.method === 'OPTIONS') return cors.preflight(req, res);
    if (path === PATHS.public && graphql.has(path) && !settings.production && isBrowser(req)) return void supergraph.runtimes.public(req, res);
    void serve(path, req, res);
  }

  async function serve(path, req, res) {
    const call = new Call(req, settings.trustedProxies, tracer);
    res.setHeader('x-request-id', call.id);
    cors.apply(req, res);
    try {
      if (graphql.has(path)) await counted(call, graphql.get(path), req, res);
      else if (path.startsWith('/files/')) await passed(call, 'files', files, req, res);
      else if (path.startsWith('/webhooks/')) await passed(call, 'webhooks', (...given) => counted(call, webhooks, ...given), req, res);
      else throw new Refusal(404, 'NOT_FOUND', `There is nothing here; the API is at ${[...graphql.keys()].join(' and ')}.`);
    } catch (error) {
      if (error instanceof Refusal) call.outcome = outcomeOfStatus(error.status);
      else log.error('request failed', { ...call.ids, fault: error.name });
      if (res.headersSent) return res.destroy();
      refuse(req, res, error instanceof Refusal ? error : new Refusal(500, 'INTERNAL_SERVER_ERROR', 'Internal server error'), call.id);
    } finally {
      call.count(metrics.requests);
    }
  }

  /** What is no GraphQL is counted under its own name, by the status that it was answered with. */
  async function passed(call, name, handler, req, res) {
    call.operation = { name, kind: 'none' };
    await handler(req, res, call);
    call.outcome = outcomeOfStatus(res.statusCode);
  }

  async function counted(call, handler, req, res) {
    if (inFlight.full) throw busy();
    inFlight.begin(call);
    try {
      if (draining) res.setHeader('connection', 'close');
      await handler(req, res, call);
    } finally {
      inFlight.end(call);
    }
  }

  /** Stops listening, lets what is in flight finish, and resolves when the last connection is closed. */
  async function drain() {
    draining = true;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeIdleConnections();
    await inFlight.idle();
    server.closeIdleConnections();
    await closed;
  }
}

function pathOf(url) {
  const end = url.indexOf('?');
  return end === -1 ? url : url.slice(0, end);
}

function isBrowser(req) {
  return req.method === 'GET' && (req.headers.accept ?? '').includes('text/html');
}

function answer(res, status, word) {
  res.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  res.end(JSON.stringify({ status: word }));
}

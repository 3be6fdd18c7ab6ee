import { silent } from '../telemetry/log.mjs';
import { cacheability } from './caching.mjs';
import { checkParams, parseBody, parseQueryString, readBody } from './body.mjs';
import { Refusal } from './refusal.mjs';
import { present } from './result.mjs';

const JSON_TYPE = 'application/json; charset=utf-8';
const GRAPHQL_TYPE = 'application/graphql-response+json; charset=utf-8';

/**
 * GraphQL over HTTP, for one contract. It hands parsed requests to the gateway runtime directly, past its Request and
 * Response objects, which cost more than planning and executing. `documents` are those that fans' requests may name.
 */
export function createGraphqlHandler({ supergraph, contract, documents, settings, tracer, log }) {
  return async function handleGraphql(req, res, call) {
    const type = responseType(req.headers.accept);
    const given = await readParams(req, settings.maxBodyBytes);
    const params = checkParams(contract === 'fan' ? documents.resolve(given) : given, settings.limits.queryBytes);
    call.operation = documents.operationOf(params);
    res.on('close', () => res.writableFinished || call.abandon());

    const result = await execute(supergraph.runtimes[contract], req, call, params);
    const { body, status, retryAfter, masked, outcome } = present(result, call.id);
    call.outcome = outcome;
    if (masked) log.error('errors masked', { ...call.ids, count: masked });
    if (status === 401) res.setHeader('www-authenticate', 'Bearer error="invalid_token"');
    if (status === 503) res.setHeader('retry-after', String(retryAfter));
    // A client that accepts plain JSON only may take any non-2xx for a broken transport, so its own mistakes stay 200.
    const httpStatus = status === 400 && type === JSON_TYPE ? 200 : status;
    tracer.end(call.trace, masked > 0, {
      'graphql.operation.name': call.operation.name,
      'http.response.status_code': httpStatus,
      'monoql.request_id': call.id,
    });
    send(req, res, httpStatus, type, body);
  };
}

/** A GraphQL-shaped answer to a request that was not executed. */
export function refuse(req, res, refusal, requestId) {
  const { status, code, message, headers } = refusal;
  for (const name in headers) res.setHeader(name, headers[name]);
  send(req, res, status, JSON_TYPE, { errors: [{ message, extensions: { code, requestId } }] });
}

async function execute(runtime, req, call, params) {
  try {
    return await runtime.getResultForParams({ params, request: req }, { call, req, headers: call.headers, log: silent });
  } catch (error) {
    return { errors: error instanceof AggregateError ? error.errors : [error] };
  }
}

async function readParams(req, maxBytes) {
  if (req.method === 'POST') {
    // Any other content type could be sent cross-origin by a form, without a preflight.
    if (!/^application\/json\b/i.test(req.headers['content-type'] ?? '')) {
      throw new Refusal(415, 'BAD_REQUEST', 'Send the request as application/json.');
    }
    if (req.headers['content-encoding']) throw new Refusal(415, 'BAD_REQUEST', 'Send the request body uncompressed.');
    return parseBody(await readBody(req, maxBytes));
  }
  if (req.method === 'GET') {
    if (!isPreflighted(req.headers)) {
      throw new Refusal(400, 'BAD_REQUEST', 'Send GET requests with content-type: application/json or apollo-require-preflight.');
    }
    return parseQueryString(req.url.split('?')[1] ?? '');
  }
  throw new Refusal(405, 'BAD_REQUEST', 'GraphQL requests are sent with POST.', { allow: 'GET, POST' });
}

function isPreflighted(headers) {
  return (
    headers['apollo-require-preflight'] !== undefined ||
    headers.authorization !== undefined ||
    /^application\/json\b/i.test(headers['content-type'] ?? '')
  );
}

function responseType(accept) {
  if (accept === undefined || accept.includes('*/*') || accept.includes('application/*')) {
    return accept?.includes('application/graphql-response+json') ? GRAPHQL_TYPE : JSON_TYPE;
  }
  if (accept.includes('application/graphql-response+json')) return GRAPHQL_TYPE;
  if (accept.includes('application/json')) return JSON_TYPE;
  throw new Refusal(406, 'BAD_REQUEST', 'Accept application/json or application/graphql-response+json.');
}

function send(req, res, status, type, body) {
  const bytes = Buffer.from(JSON.stringify(body));
  const { headers, fresh } = cacheability(req, status, type, bytes, body.errors !== undefined);
  if (fresh) return res.writeHead(304, headers).end();
  res.writeHead(status, { 'content-type': type, 'content-length': bytes.length, ...headers });
  res.end(bytes);
}

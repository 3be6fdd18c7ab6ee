import { getDocumentString } from '@envelop/core';
import { print } from 'graphql';
import { Pool } from 'undici';
import { FAILED, OK } from '../telemetry/metrics.mjs';
import { readAnswer, unavailable } from './answer.mjs';
import { subgraphHeaders } from './headers.mjs';
import { Silence } from './silence.mjs';

/** A subgraph that answers more than this is at fault; reading on would take the router down with it. */
const MAX_ANSWER_BYTES = 16 * 1_048_576;

/**
 * The HTTP transport to subgraphs, in place of Hive's: a third of its cost, no in-flight deduplication (which would
 * share one fan's answer with another, since it does not look at tokens), no retries, and errors that say nothing
 * about the inside. A fetch ends with its call: see front/in_flight.mjs.
 */
export function createTransport({ sign, tracer, metrics, log, connections }) {
  const pools = new Map();

  function poolFor(origin) {
    let pool = pools.get(origin);
    // Time is kept by the call's deadline, so undici's own timers stay off.
    if (!pool) pools.set(origin, (pool = new Pool(origin, { connections, headersTimeout: 0, bodyTimeout: 0, connect: { timeout: 2_000 } })));
    return pool;
  }

  return {
    getSubgraphExecutor({ subgraphName, transportEntry }) {
      const { origin, pathname, search } = new URL(transportEntry.location);
      const pool = poolFor(origin);
      const path = pathname + search;
      const silence = new Silence();
      return (request) =>
        new Promise((resolve) => {
          const { call } = request.context;
          const body = serialize(request);
          const trace = tracer.child(call.trace, subgraphName);
          const traceparent = trace?.traceparent ?? call.trace.traceparent;
          const fetch = new Fetch(call, silence, request.operationType !== 'mutation', (result) => {
            if (result.fault) log.warning('subgraph failed', { ...call.ids, subgraph: subgraphName, fault: result.fault });
            metrics.fetches.observe([subgraphName, result.fault ? FAILED : OK], (performance.now() - fetch.askedAt) / 1_000);
            tracer.end(trace, result.fault, { 'monoql.subgraph': subgraphName, 'http.response.status_code': fetch.status });
            resolve(result);
          });
          if (call.ended || silence.lasts()) return fetch.settle({ errors: [unavailable()] });
          pool.dispatch({ path, method: 'POST', body, headers: subgraphHeaders(call, body, sign, traceparent) }, fetch);
        });
    },

    origins: () => [...pools.keys()],
    close: () => Promise.all([...pools.values()].map((pool) => pool.close())),
  };
}

function serialize({ document, variables, operationName }) {
  return JSON.stringify({ query: getDocumentString(document, print), variables, operationName });
}

/** One exchange with a subgraph; undici calls it with the pieces of the answer. */
class Fetch {
  status = undefined;
  #retryAfter = undefined;
  #controller = undefined;
  #aborted = undefined;
  #chunks = [];
  #size = 0;
  #call;
  #silence;
  #done;
  askedAt = performance.now();

  constructor(call, silence, safeToAbandon, done) {
    this.#silence = silence;
    this.safeToAbandon = safeToAbandon;
    this.#call = call;
    this.#done = done;
    call.fetches.add(this);
  }

  abort(reason) {
    this.#aborted = reason;
    this.#controller?.abort(new Error(reason));
    this.settle({ errors: [unavailable()], fault: reason });
  }

  giveUp() {
    this.#silence.unanswered();
    this.abort('no answer in time');
  }

  settle(result) {
    if (!this.#call.fetches.delete(this)) return;
    this.#done(result);
  }

  onRequestStart(controller) {
    this.#controller = controller;
    if (this.#aborted) controller.abort(new Error(this.#aborted));
  }

  onResponseStart(_controller, status, headers) {
    this.status = status;
    this.#silence.heard();
    const seconds = Number(headers['retry-after']);
    if (seconds >= 1 && seconds <= 3_600) this.#retryAfter = Math.ceil(seconds);
  }

  onResponseData(_controller, chunk) {
    this.#size += chunk.length;
    if (this.#size > MAX_ANSWER_BYTES) return this.abort('answer too large');
    this.#chunks.push(chunk);
  }

  onResponseEnd() {
    const bytes = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
    this.settle(readAnswer(this.status, this.#retryAfter, bytes));
  }

  onResponseError(_controller, error) {
    this.settle({ errors: [unavailable()], fault: error.code ?? error.name });
  }
}

import { request } from 'undici';

const TIMEOUT_MS = 1_000;
const FRESH_MS = 500;

/** Readiness: the supergraph is loaded and every subgraph's process answers. Asked often, checked at most twice a second. */
export function createReadiness({ supergraph, log }) {
  let last = { at: -Infinity, ready: undefined };

  async function check() {
    const origins = supergraph.subgraphOrigins();
    const down = (await Promise.all(origins.map(async (origin) => ((await isLive(origin)) ? [] : [origin])))).flat();
    if (down.length) log.info('not ready', { down });
    return origins.length > 0 && down.length === 0;
  }

  return () => {
    const now = performance.now();
    if (now - last.at > FRESH_MS) last = { at: now, ready: check() };
    return last.ready;
  };
}

async function isLive(origin) {
  try {
    const answer = await request(`${origin}/livez`, { headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS, signal: AbortSignal.timeout(TIMEOUT_MS) });
    await answer.body.dump();
    return answer.statusCode === 200;
  } catch {
    return false;
  }
}

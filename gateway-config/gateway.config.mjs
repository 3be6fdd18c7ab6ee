import { unifiedGraphHandler } from '@graphql-hive/router-runtime';
import { useLimits } from './plugins/limits.mjs';
import { useSchemaPrivacy } from './plugins/privacy.mjs';
import { createHiveLog } from './telemetry/log.mjs';

/** What Hive Gateway runs with. All of HTTP is in front/, all of the subgraph side in upstream/. */
export function gatewayConfig({ settings, sdl, subgraphUrls, transport, log }) {
  return {
    supergraph: () => sdl,
    unifiedGraphHandler,
    transports: { http: transport },
    transportEntries: Object.fromEntries(Object.entries(subgraphUrls).map(([name, location]) => [name, { location }])),
    logging: createHiveLog(log),
    plugins: () => [useLimits(settings.limits), ...(settings.production ? [useSchemaPrivacy()] : [])],
    graphiql: settings.production ? false : { title: 'MonoQL' },
    landingPage: false,
    batching: false,
    // front/ does these, at the edges of the pipeline and more cheaply.
    cors: false,
    maskedErrors: false,
    requestId: false,
    subgraphErrors: false,
    // Plans already batch entities; merging further fetches of a request costs a parse and print each time.
    __experimental__batchExecution: false,
  };
}

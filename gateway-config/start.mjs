import { once } from 'node:events';
import { PersistedDocuments } from './front/persisted.mjs';
import { createFront } from './front/server.mjs';
import { readSettings, SettingsError } from './settings.mjs';
import { firstLine, Supergraph } from './supergraph.mjs';
import { createLog } from './telemetry/log.mjs';
import { createLogExporter } from './telemetry/log_exporter.mjs';
import { createOtlpExporter } from './telemetry/otlp.mjs';
import { createTracer } from './telemetry/traces.mjs';
import { createProof } from './upstream/proof.mjs';
import { createTransport } from './upstream/transport.mjs';

const settings = settingsOrExit();
const log = createLog(settings.logLevel);
const collected = Boolean(settings.otlpEndpoint);
const exporter = collected ? createOtlpExporter(settings.otlpEndpoint, log) : createLogExporter(log);
const tracer = createTracer(exporter, { share: collected ? settings.traceShare : undefined });
const transport = createTransport({ sign: createProof(settings.secrets[0]), tracer, log, connections: settings.upstreamConnections });
const supergraph = new Supergraph({ settings, transport, log });
await supergraph.load().catch((error) => fail(`The supergraph at ${settings.supergraphPath} cannot be loaded: ${firstLine(error)}`));
supergraph.watch();
const documents = new PersistedDocuments({ path: settings.persistedPath, only: settings.persistedOnly, log });
await documents.load().catch((error) => fail(`The registered documents at ${settings.persistedPath} cannot be loaded: ${firstLine(error)}`));
documents.watch(settings.supergraphPollMs);

const { server, drain } = createFront({ settings, supergraph, documents, tracer, log });
server.on('error', (error) =>
  fail(error.code === 'EADDRINUSE' ? `ROUTER_PORT ${settings.port} is in use.` : `The router cannot listen: ${error.message}`),
);
server.listen(settings.port, settings.host, 4_096);
await once(server, 'listening');
log.info('listening', { host: settings.host, port: settings.port });

// The runtime's own handler would take the graph down under requests that are still in flight.
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.removeAllListeners(signal);
  process.once(signal, () => stop(signal));
}

async function stop(signal) {
  log.info('stopping', { signal });
  setTimeout(() => process.exit(0), settings.drainMs).unref();
  supergraph.close();
  documents.close();
  await drain();
  await exporter.close();
  process.exit(0);
}

function settingsOrExit() {
  try {
    return readSettings(process.env);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return fail(error.message);
  }
}

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

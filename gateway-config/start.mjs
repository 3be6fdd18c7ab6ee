import { once } from 'node:events';
import { PersistedDocuments } from './front/persisted.mjs';
import { createFront } from './front/server.mjs';
import { readSettings, SettingsError } from './settings.mjs';
import { firstLine, Supergraph } from './supergraph.mjs';
import { createLog } from './telemetry/log.mjs';
import { createLogExporter } from './telemetry/log_exporter.mjs';
import { createMetrics } from './telemetry/metrics.mjs';
import { createMetricsServer } from './telemetry/metrics_server.mjs';
import { createLineExporter, createMetricsExporter, createSpanExporter } from './telemetry/otlp.mjs';
import { createTracer } from './telemetry/traces.mjs';
import { createProof } from './upstream/proof.mjs';
import { createTransport } from './upstream/transport.mjs';

const settings = settingsOrExit();
const metrics = createMetrics();
const collector = settings.otlpEndpoint;
const plainLog = createLog(settings.logLevel);
const lines = collector && createLineExporter(collector, plainLog);
const log = lines ? createLog(settings.logLevel, lines) : plainLog;
const spans = collector ? createSpanExporter(collector, plainLog) : createLogExporter(log);
const exporters = collector ? [spans, lines, createMetricsExporter(collector, metrics, plainLog)] : [];
const tracer = createTracer(spans, { share: collector ? settings.traceShare : undefined });
const transport = createTransport({ sign: createProof(settings.secrets[0]), tracer, metrics, log, connections: settings.upstreamConnections });
const supergraph = new Supergraph({ settings, transport, log });
await supergraph.load().catch((error) => fail(`The supergraph at ${settings.supergraphPath} cannot be loaded: ${firstLine(error)}`));
supergraph.watch();
const documents = new PersistedDocuments({ path: settings.persistedPath, only: settings.persistedOnly, log });
await documents.load().catch((error) => fail(`The registered documents at ${settings.persistedPath} cannot be loaded: ${firstLine(error)}`));
documents.watch(settings.supergraphPollMs);

const { server, drain } = createFront({ settings, supergraph, documents, tracer, metrics, log });
server.on('error', (error) =>
  fail(error.code === 'EADDRINUSE' ? `ROUTER_PORT ${settings.port} is in use.` : `The router cannot listen: ${error.message}`),
);
server.listen(settings.port, settings.host, 4_096);
await once(server, 'listening');
if (settings.metricsPort) {
  await createMetricsServer(metrics)
    .listen(settings.metricsPort)
    .catch((error) => fail(`ROUTER_METRICS_PORT ${settings.metricsPort} cannot be listened on: ${error.code}`));
}
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
  await Promise.all(exporters.map((exporter) => exporter.close()));
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

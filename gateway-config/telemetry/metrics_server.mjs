import { createServer } from 'node:http';
import { asText } from './metrics.mjs';

const LOOPBACK = '127.0.0.1';

/** Serves `/metrics` to this machine: never on the public port, never to another host. */
export function createMetricsServer(metrics) {
  const server = createServer((req, res) => {
    const known = req.url === '/metrics';
    res.writeHead(known ? 200 : 404, { 'content-type': 'text/plain; version=0.0.4' });
    res.end(known ? asText(metrics) : '');
  });
  return { listen: (port) => new Promise((resolve, reject) => server.once('error', reject).listen(port, LOOPBACK, resolve)) };
}

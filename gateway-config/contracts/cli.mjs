import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { brokenOperations, changesSince } from './changes.mjs';
import { readGraph } from './graphs.mjs';
import { earlierThan, manifestOf, readOperations } from './operations.mjs';
import { typescriptOf } from './typescript.mjs';

const HELP = `Hold the graph against what frontends were promised.

Usage: node contracts/cli.mjs [write|check|diff|release] [--supergraph PATH] [--release DIR] [--operations DIR]
                              [--changelog PATH] [--manifest PATH] [--typescript PATH]

  write    registers the documents of operations/fan in persisted.json, beside those of earlier releases, and writes them
           as TypeScript
  check    exits with 1 when an operation is not served, when what write writes is stale, or when a change breaks a frontend
  diff     shows what became of the last release's contracts, subgraph by subgraph, and which operations depend on it
  release  makes the present graph the last release, unless check has something against it`;

const here = dirname(dirname(fileURLToPath(import.meta.url)));

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      supergraph: { type: 'string', default: join(here, 'supergraph.graphql') },
      release: { type: 'string', default: join(here, 'released') },
      operations: { type: 'string', default: join(here, 'operations') },
      changelog: { type: 'string', default: join(here, '..', 'CHANGELOG.md') },
      manifest: { type: 'string', default: join(here, 'persisted.json') },
      typescript: { type: 'string', default: join(here, 'operations', 'fan.ts') },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const command = COMMANDS[positionals[0] ?? 'check'];
  if (values.help || !command) return console.log(HELP);

  const present = readOperations(resolve(values.operations));
  const operations = [...earlierThan(present, readFileSync(join(values.release, 'persisted.json'), 'utf8')), ...present];
  const now = readGraph(readFileSync(values.supergraph, 'utf8'));
  const broken = brokenOperations(operations, now.contracts).map(({ name, fault }) => `operation ${name} is not served: ${fault}`);
  const written = {
    [values.manifest]: manifestOf(operations),
    ...(broken.length ? {} : { [values.typescript]: await typescriptOf(present, now.contracts.fan) }),
  };
  if (command === write) return write(written);
  const release = readGraph(readFileSync(join(values.release, 'supergraph.graphql'), 'utf8'));
  const changes = await changesSince(release, now, operations, readFileSync(values.changelog, 'utf8'));
  return command(values, { broken, written, changes });
}

const COMMANDS = { write, check, diff: show, release: makeRelease };

function write(written) {
  for (const [path, text] of Object.entries(written)) writeFileSync(path, text);
}

function check(_values, found) {
  const faults = faultsOf(found);
  if (!faults.length) return;
  console.error(faults.join('\n'));
  process.exitCode = 1;
}

function makeRelease(values, found) {
  check(values, found);
  if (process.exitCode) return console.error('Nothing was released.');
  copyFileSync(values.supergraph, join(values.release, 'supergraph.graphql'));
  copyFileSync(values.manifest, join(values.release, 'persisted.json'));
}

function faultsOf({ broken, written, changes }) {
  const stale = Object.entries(written)
    .filter(([path, text]) => !existsSync(path) || readFileSync(path, 'utf8') !== text)
    .map(([path]) => `${basename(path)} is stale: run scripts/schema`);
  const refused = changes.filter(({ refusals }) => refusals.length).flatMap(describe);
  return [...broken, ...stale, ...refused];
}

function show(_values, { changes }) {
  if (!changes.length) return console.log('Nothing has changed for frontends since the last release.');
  const subgraphs = [...new Set(changes.flatMap(ownersOf))].sort();
  for (const subgraph of subgraphs) {
    console.log(subgraph);
    for (const change of changes.filter((one) => ownersOf(one).includes(subgraph))) {
      console.log(describe(change).map((line) => `  ${line}`).join('\n'));
    }
  }
  const counted = ['breaking', 'dangerous', 'safe'].map((level) => `${changes.filter((one) => one.level === level).length} ${level}`);
  console.log(counted.join(', '));
}

function ownersOf({ subgraphs }) {
  return subgraphs.length ? subgraphs : ['whole graph'];
}

function describe({ level, contracts, message, operations, refusals }) {
  return [
    `${level} (${contracts.join(', ')}): ${message}`,
    ...(operations.length ? [`  ${level === 'breaking' ? 'breaks' : 'concerns'} ${operations.join(', ')}`] : []),
    ...refusals.map((refusal) => `  refused: ${refusal}`),
  ];
}

try {
  await main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 2;
}

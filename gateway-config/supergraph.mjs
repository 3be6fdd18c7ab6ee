import { readFile } from 'node:fs/promises';
import { createGatewayRuntime } from '@graphql-hive/gateway-runtime';
import { GraphQLError, Kind, parse, print } from 'graphql';
import { withoutTag } from './contract.mjs';
import { gatewayConfig } from './gateway.config.mjs';
import { silent } from './telemetry/log.mjs';

/**
 * The composed graph and the runtimes that serve it, one a contract: what a contract does not hold, its runtime does not
 * know. The file is polled; a changed one is loaded into further runtimes, tried, and only then put in place, so a
 * corrupt file leaves the old graph serving.
 */
export class Supergraph {
  runtimes = {};
  #urls = {};
  #sdl = undefined;
  #refused = undefined;
  #timer = undefined;

  constructor({ settings, transport, log }) {
    this.settings = settings;
    this.transport = transport;
    this.log = log;
  }

  /** Loads the graph or throws, in one sentence. */
  async load() {
    await this.#replace(await readFile(this.settings.supergraphPath, 'utf8'));
  }

  watch() {
    this.#timer = setTimeout(async () => {
      await this.#reload();
      if (this.#timer) this.watch();
    }, this.settings.supergraphPollMs);
    this.#timer.unref();
  }

  close() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Where the named subgraph's process is, or undefined for a name that is not in the graph. */
  subgraphOrigin(name) {
    return Object.hasOwn(this.#urls, name) ? new URL(this.#urls[name]).origin : undefined;
  }

  subgraphOrigins() {
    return [...new Set(Object.values(this.#urls).map((url) => new URL(url).origin))];
  }

  async #reload() {
    let sdl;
    try {
      sdl = await readFile(this.settings.supergraphPath, 'utf8');
      if (sdl === this.#sdl || sdl === this.#refused) return;
      await this.#replace(sdl);
      this.log.info('supergraph reloaded');
    } catch (error) {
      if (sdl !== undefined) this.#refused = sdl;
      this.log.error('supergraph not reloaded, the old one serves on', { reason: firstLine(error) });
    }
  }

  async #replace(sdl) {
    const urls = subgraphUrls(sdl, this.settings);
    const loading = this.settings.contracts.map(async (contract) => [contract, await this.#load(CONTRACTS[contract](sdl), urls)]);
    this.runtimes = Object.fromEntries(await Promise.all(loading));
    this.#urls = urls;
    this.#sdl = sdl;
    this.#refused = undefined;
  }

  async #load(sdl, subgraphUrls) {
    const { settings, transport, log } = this;
    const runtime = createGatewayRuntime(gatewayConfig({ settings, sdl, subgraphUrls, transport, log }));
    await runtime.getSchema();
    const tried = await runtime.getResultForParams(
      { params: { query: '{ __typename }' }, request: {} },
      { headers: {}, log: silent },
    );
    if (tried.data?.__typename !== 'Query') throw new Error('the graph cannot be queried');
    return runtime;
  }
}

/** The supergraph that serves a contract. */
const CONTRACTS = {
  public: (sdl) => sdl,
  fan: (sdl) => print(withoutTag(parse(sdl), 'admin').document),
};

function subgraphUrls(sdl, settings) {
  const graphs = parse(sdl).definitions.find((node) => node.kind === Kind.ENUM_TYPE_DEFINITION && node.name.value === 'join__Graph');
  if (!graphs) throw new GraphQLError('the file is not a supergraph: join__Graph is missing');
  const urls = graphs.values.map((value) => {
    const graph = value.directives.find((directive) => directive.name.value === 'join__graph');
    const argument = (name) => graph.arguments.find((node) => node.name.value === name).value.value;
    return [argument('name'), settings.subgraphUrl(argument('name'), argument('url'))];
  });
  return Object.fromEntries(urls);
}

export function firstLine(error) {
  return String(error?.message ?? error).split('\n')[0];
}

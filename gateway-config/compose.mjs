import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import {
  composeServices,
  sortSDL,
  transformSupergraphToPublicSchema,
} from '@theguild/federation-composition';
import { GraphQLError, parse, print } from 'graphql';
import { parse as parseYaml } from 'yaml';
import { namedType, withoutTag } from './contract.mjs';

const HELP = `Compose the subgraphs of supergraph.yaml.

Usage: node compose.mjs [--supergraph-yaml PATH] [--out-dir DIR] [--check]

Writes to DIR (default: next to this script)
  supergraph.graphql  what the router plans with
  public.graphql      what clients see
  fan.graphql         what clients see, without anything tagged "admin"

--check writes nothing: it exits 1 and names each file that is out of date.`;

const here = dirname(fileURLToPath(import.meta.url));

/** A problem of the input, said in lines a person can act on. */
class CompositionFailed extends Error {
  constructor(lines) {
    super(lines.join('\n'));
  }
}

function main() {
  const { values } = parseArgs({
    options: {
      'supergraph-yaml': { type: 'string', default: join(here, '..', 'supergraph.yaml') },
      'out-dir': { type: 'string', default: here },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return console.log(HELP);

  const files = compose(readSubgraphs(resolve(values['supergraph-yaml'])));
  const outDir = resolve(values['out-dir']);
  if (values.check) return check(files, outDir);
  mkdirSync(outDir, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(outDir, name), text);
}

function readSubgraphs(yamlPath) {
  const config = parseYaml(readText(yamlPath, 'the supergraph configuration'));
  const version = String(config?.federation_version ?? '');
  if (!/^=?2(\.[0-9](\.\d+)?)?$/.test(version)) {
    throw new CompositionFailed([`federation_version is "${version}": this composition knows 2.0 to 2.9`]);
  }
  const failures = [];
  const subgraphs = Object.entries(config.subgraphs ?? {}).flatMap(([name, subgraph]) => {
    try {
      if (!subgraph?.routing_url) throw new CompositionFailed([`${name}: routing_url is missing`]);
      if (!subgraph.schema?.file) throw new CompositionFailed([`${name}: schema.file is missing`]);
      const file = resolve(dirname(yamlPath), subgraph.schema.file);
      return [{ name, url: subgraph.routing_url, typeDefs: parseSdl(name, readText(file, `the schema of ${name}`)) }];
    } catch (error) {
      if (!(error instanceof CompositionFailed)) throw error;
      failures.push(error.message);
      return [];
    }
  });
  if (failures.length) throw new CompositionFailed(failures);
  if (!subgraphs.length) throw new CompositionFailed([`${yamlPath} names no subgraph`]);
  return subgraphs.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function compose(subgraphs) {
  const supergraph = parse(unwrap(composeServices(subgraphs), subgraphs).supergraphSdl);
  const fan = withoutTag(supergraph, 'admin');
  if (fan.errors.length) throw new CompositionFailed(fan.errors.map((error) => `fan contract: ${error}`));
  return {
    'supergraph.graphql': sorted(supergraph),
    'public.graphql': sorted(transformSupergraphToPublicSchema(supergraph)),
    'fan.graphql': sorted(transformSupergraphToPublicSchema(fan.document)),
  };
}

function unwrap(result, subgraphs) {
  if (!result.errors?.length) return result;
  throw new CompositionFailed([...new Set(result.errors.map((error) => describe(error, subgraphs)))]);
}

function describe(error, subgraphs) {
  const message = error.message.replace(/\s+/g, ' ').trim();
  const code = error.extensions?.code ? ` (${error.extensions.code})` : '';
  const [, name, rest] = /^\[([^\]]+)\] (.*)$/.exec(message) ?? [];
  if (!name) return message + code;
  return [name, ...fieldsToBlame(rest, subgraphs.find((subgraph) => subgraph.name === name)), rest].join(': ') + code;
}

/** The library names an unknown type but not who asks for it. */
function fieldsToBlame(message, subgraph) {
  const [, typeName] = /^Unknown type "?(\w+)"?/.exec(message) ?? [];
  if (!typeName || !subgraph) return [];
  const fields = subgraph.typeDefs.definitions.flatMap((definition) =>
    (definition.fields ?? [])
      .filter((field) => [field, ...(field.arguments ?? [])].some((node) => namedType(node.type) === typeName))
      .map((field) => `${definition.name.value}.${field.name.value}`),
  );
  return fields.length ? [fields.join(', ')] : [];
}

function sorted(document) {
  return print(sortSDL(document)) + '\n';
}

function parseSdl(name, sdl) {
  try {
    return parse(sdl);
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    const { line, column } = error.locations?.[0] ?? {};
    throw new CompositionFailed([`${name}: line ${line}, column ${column}: ${error.message}`]);
  }
}

function readText(path, what) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CompositionFailed([`${what} cannot be read: ${relative('', path)} (${error.code})`]);
  }
}

function check(files, outDir) {
  const stale = Object.entries(files).filter(([name, text]) => readIfThere(join(outDir, name)) !== text);
  if (stale.length) {
    throw new CompositionFailed(
      stale.map(([name]) => `${relative('', join(outDir, name))} is stale: run node gateway-config/compose.mjs`),
    );
  }
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

try {
  main();
} catch (error) {
  if (!(error instanceof CompositionFailed) && error.code !== 'ERR_PARSE_ARGS_UNKNOWN_OPTION') throw error;
  console.error(error.message);
  process.exitCode = 1;
}

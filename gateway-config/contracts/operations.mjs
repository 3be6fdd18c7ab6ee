import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  getNamedType, getOperationAST, isEnumType, isInputObjectType, Kind, parse, print, TypeInfo, typeFromAST, validate, visit, visitWithTypeInfo,
} from 'graphql';

/** Which contract the documents of a folder are written against. */
const CONTRACT_OF = { fan: 'fan', admin: 'public' };
const TYPENAME = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } };

/**
 * The documents that frontends send, one operation a file: `{ name, label, folder, contract, type, document, body }`.
 * `body` is the text that is registered for fans. Raises an Error whose lines name file and fault.
 */
export function readOperations(folder) {
  const faults = [];
  const operations = Object.keys(CONTRACT_OF).flatMap((kind) =>
    readdirSync(join(folder, kind))
      .filter((file) => file.endsWith('.graphql'))
      .sort()
      .map((file) => readOperation(folder, kind, file, faults)),
  );
  if (faults.length) throw new Error(faults.join('\n'));
  return operations;
}

function readOperation(folder, kind, file, faults) {
  try {
    const document = parse(readFileSync(join(folder, kind, file), 'utf8'));
    const operation = getOperationAST(document);
    if (!operation?.name) throw new Error('holds no single operation with a name');
    const name = operation.name.value;
    if (basename(file, '.graphql') !== snakeCase(name)) throw new Error(`is to be named ${snakeCase(name)}.graphql, as its operation is ${name}`);
    return operationOf(kind, name, operation.operation, document);
  } catch (error) {
    faults.push(`operations/${kind}/${file}: ${error.message}`);
    return [];
  }
}

function operationOf(folder, name, type, document, label = `${folder}/${name}`) {
  const body = print(folder === 'fan' ? withTypenames(document) : document);
  return { name, label, folder, contract: CONTRACT_OF[folder], type, document, body };
}

/** What the caches of Apollo's and urql's clients make of a document before they send it: each object says what it is. */
function withTypenames(document) {
  return visit(document, {
    SelectionSet: (node, _key, parent) => {
      const isThere = node.selections.some(({ name, alias }) => name?.value === '__typename' && !alias);
      return isThere || parent.kind === Kind.OPERATION_DEFINITION ? undefined : { ...node, selections: [...node.selections, TYPENAME] };
    },
  });
}

/** By which a fan's document is registered. */
export function idOf({ body }) {
  return createHash('sha256').update(body).digest('hex');
}

/** The documents of a release's manifest that are none of these: frontends that are out there still send them. */
export function earlierThan(operations, manifest) {
  const bodies = new Set(operations.map(({ body }) => body));
  return JSON.parse(manifest)
    .operations.filter(({ body }) => !bodies.has(body))
    .map(({ id, name, type, body }) => operationOf('fan', name, type, parse(body), `fan/${name} of an earlier release (${id.slice(0, 8)})`));
}

/** What of an operation its contract does not know, in sentences; none when it is served as it stands. */
export function faultsOf(operation, contracts) {
  return validate(contracts[operation.contract], operation.document).map(({ message }) => message);
}

/** The manifest by which fans' documents are registered, in the format that Apollo Client's tools read. */
export function manifestOf(operations) {
  const registered = operations
    .filter(({ folder }) => folder === 'fan')
    .map(({ name, type, body }) => ({ id: idOf({ body }), name, type, body }));
  return JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations: registered }, null, 2) + '\n';
}

/**
 * The coordinates that an operation depends on: `Type`, `Type.field`, `Type.field.argument`, `Enum.VALUE`. Of an input
 * that comes as a variable nobody knows which members it has: all of them count.
 */
export function coordinatesOf(operation, schema) {
  const found = new Set();
  const info = new TypeInfo(schema);
  const visitor = {
    Field() {
      const [parent, field] = [info.getParentType(), info.getFieldDef()];
      if (!parent || !field) return;
      found.add(parent.name).add(`${parent.name}.${field.name}`);
      addNamed(field.type, found);
    },
    Argument(node) {
      found.add(`${info.getParentType()?.name}.${info.getFieldDef()?.name}.${node.name.value}`);
      addNamed(info.getArgument()?.type, found);
    },
    ObjectField(node) {
      found.add(`${getNamedType(info.getParentInputType())?.name}.${node.name.value}`);
    },
    InlineFragment(node) {
      if (node.typeCondition) found.add(node.typeCondition.name.value);
    },
    VariableDefinition(node) {
      addInput(typeFromAST(schema, node.type), found);
    },
  };
  visit(operation.document, visitWithTypeInfo(info, visitor));
  return found;
}

function addNamed(type, found) {
  const named = getNamedType(type);
  if (!named) return;
  found.add(named.name);
  if (isEnumType(named)) for (const { name } of named.getValues()) found.add(`${named.name}.${name}`);
}

function addInput(type, found) {
  const named = getNamedType(type);
  if (!named || found.has(named.name)) return;
  addNamed(named, found);
  if (!isInputObjectType(named)) return;
  for (const field of Object.values(named.getFields())) {
    found.add(`${named.name}.${field.name}`);
    addInput(field.type, found);
  }
}

function snakeCase(name) {
  return name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toLowerCase();
}

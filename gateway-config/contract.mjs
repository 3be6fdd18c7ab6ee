import { Kind, visit } from 'graphql';

/**
 * The supergraph without anything tagged `tag`, and without types that only tagged fields lead to.
 * Returns `{ document, errors }`; an error is an untagged, reachable field whose type is tagged.
 */
export function withoutTag(supergraph, tag) {
  const isTagged = (node) =>
    node.directives?.some(({ name, arguments: args }) => name.value === 'tag' && args.some(({ value }) => value.value === tag));
  const document = visit(supergraph, { enter: (node) => (isTagged(node) ? null : undefined) });
  const types = new Map(document.definitions.filter((node) => node.name).map((node) => [node.name.value, node]));
  const all = new Set(supergraph.definitions.map((node) => node.name?.value));

  const reachable = new Set();
  const errors = [];
  const queue = ['Query', 'Mutation', 'Subscription'];
  while (queue.length) {
    const type = types.get(queue.pop());
    if (!type || reachable.has(type.name.value)) continue;
    reachable.add(type.name.value);
    for (const { from, to } of references(type)) {
      if (all.has(to) && !types.has(to)) errors.push(`${from} is not tagged "${tag}", but its type ${to} is`);
      queue.push(to);
    }
    for (const member of membersOf(type, document)) queue.push(member);
  }

  const isKept = (node) => !KINDS.has(node.kind) || node.name.value.includes('__') || reachable.has(node.name.value);
  const definitions = document.definitions.filter(isKept).map((node) => withoutMissing(node, reachable));
  return { document: { ...document, definitions }, errors };
}

const KINDS = new Set([
  Kind.OBJECT_TYPE_DEFINITION,
  Kind.INTERFACE_TYPE_DEFINITION,
  Kind.UNION_TYPE_DEFINITION,
  Kind.ENUM_TYPE_DEFINITION,
  Kind.INPUT_OBJECT_TYPE_DEFINITION,
  Kind.SCALAR_TYPE_DEFINITION,
]);

function references(type) {
  return (type.fields ?? []).flatMap((field) =>
    [field, ...(field.arguments ?? [])].map((node) => ({ from: `${type.name.value}.${field.name.value}`, to: namedType(node.type) })),
  );
}

/** What a type brings along without a field naming it: its interfaces, a union's members, an interface's implementations. */
function membersOf(type, document) {
  const named = [...(type.interfaces ?? []), ...(type.types ?? [])].map((node) => node.name.value);
  if (type.kind !== Kind.INTERFACE_TYPE_DEFINITION) return named;
  const implementations = document.definitions.filter((node) => node.interfaces?.some(({ name }) => name.value === type.name.value));
  return [...named, ...implementations.map((node) => node.name.value)];
}

function withoutMissing(node, kept) {
  const isKept = ({ name }) => kept.has(name.value);
  if (node.types) return { ...node, types: node.types.filter(isKept) };
  return node.interfaces ? { ...node, interfaces: node.interfaces.filter(isKept) } : node;
}

export function namedType(type) {
  return type.type ? namedType(type.type) : type.name.value;
}

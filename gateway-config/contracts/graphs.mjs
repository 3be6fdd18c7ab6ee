import { transformSupergraphToPublicSchema } from '@theguild/federation-composition';
import { buildASTSchema, parse } from 'graphql';
import { withoutTag } from '../contract.mjs';

/** What a supergraph promises: `{ contracts: { public, fan }, ownersOf }`; the contracts are schemas. */
export function readGraph(sdl) {
  const supergraph = parse(sdl);
  return {
    contracts: {
      public: buildASTSchema(transformSupergraphToPublicSchema(supergraph)),
      fan: buildASTSchema(transformSupergraphToPublicSchema(withoutTag(supergraph, 'admin').document)),
    },
    ownersOf: createOwners(supergraph),
  };
}

/** The subgraphs that serve a coordinate: `Campaign` or `Campaign.title`; none for one that is not there. */
function createOwners(supergraph) {
  const types = new Map(supergraph.definitions.filter((node) => node.name).map((node) => [node.name.value, node]));
  return function ownersOf(coordinate) {
    const [typeName, memberName] = coordinate.split('.');
    const type = types.get(typeName);
    if (!type) return [];
    const members = [...(type.fields ?? []), ...(type.values ?? [])];
    const member = members.find(({ name }) => name.value === memberName);
    const named = member ? graphsIn(member, ['join__field', 'join__enumValue']) : [];
    return named.length ? named : graphsIn(type, ['join__type']);
  };
}

function graphsIn(node, directives) {
  const graphs = (node.directives ?? [])
    .filter(({ name }) => directives.includes(name.value))
    .flatMap((directive) => directive.arguments.filter(({ name }) => name.value === 'graph'))
    .map(({ value }) => value.value.toLowerCase());
  return [...new Set(graphs)].sort();
}

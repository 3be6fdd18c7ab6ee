import { CriticalityLevel, diff } from '@graphql-inspector/core';
import { createDeprecations } from './deprecation.mjs';
import { coordinatesOf, faultsOf } from './operations.mjs';

const LEVELS = { [CriticalityLevel.Breaking]: 'breaking', [CriticalityLevel.Dangerous]: 'dangerous', [CriticalityLevel.NonBreaking]: 'safe' };
const ORDER = ['breaking', 'dangerous', 'safe'];
const REMOVALS = /^(TYPE|FIELD|FIELD_ARGUMENT|INPUT_FIELD|ENUM_VALUE)_REMOVED$/;
// What a change of words does to frontends is nothing; what a directive says is told by a change of its own.
const WORDS = /DESCRIPTION|^DIRECTIVE_USAGE_/;

/**
 * What became of a release's contracts: `{ level, contracts, coordinate, message, subgraphs, operations, refusals }`, the
 * gravest first. `operations` are those that depend on what changed; `refusals` say why a breaking change is none that a
 * release may make, in sentences.
 */
export async function changesSince(release, now, operations, changelog) {
  const found = new Map();
  for (const contract of Object.keys(release.contracts)) {
    for (const change of await changesOf(contract, release, now, operations, changelog)) {
      const known = found.get(change.message);
      if (!known) found.set(change.message, change);
      else {
        known.contracts.push(contract);
        known.operations.push(...change.operations);
        known.refusals = [...new Set([...known.refusals, ...change.refusals])];
      }
    }
  }
  return [...found.values()].sort((a, b) => ORDER.indexOf(a.level) - ORDER.indexOf(b.level) || (a.coordinate < b.coordinate ? -1 : 1));
}

async function changesOf(contract, release, now, operations, changelog) {
  const [before, after] = [release.contracts[contract], now.contracts[contract]];
  const users = operations
    .filter((operation) => operation.contract === contract)
    .map((operation) => ({ operation, coordinates: coordinatesOf(operation, before) }));
  const wasDeprecated = createDeprecations(before);
  return (await diff(before, after))
    .filter(({ type }) => !WORDS.test(type))
    .map(({ type, path = '', message, criticality }) => {
      const level = LEVELS[criticality.level];
      const coordinate = path;
      const hit = level === 'safe' ? [] : users.filter(({ coordinates }) => dependsOn(coordinates, coordinate, before));
      const names = hit.map(({ operation }) => operation.label);
      const owners = [...now.ownersOf(coordinate), ...release.ownersOf(coordinate)];
      return {
        level, contracts: [contract], coordinate, message,
        subgraphs: [...new Set(owners)].sort(),
        operations: names,
        refusals: level === 'breaking' ? refusalsOf({ type, coordinate, names, wasDeprecated, changelog }) : [],
      };
    });
}

/** What is new in a release's member (an argument that must be given) concerns whoever uses that member. */
function dependsOn(coordinates, coordinate, schema) {
  return coordinates.has(coordinate) || (!isKnown(schema, coordinate) && coordinates.has(parentOf(coordinate)));
}

function isKnown(schema, coordinate) {
  const [typeName, memberName, argumentName] = coordinate.split('.');
  const type = schema.getType(typeName);
  if (!memberName || !type) return Boolean(type);
  const member = type.getFields?.()[memberName] ?? type.getValue?.(memberName);
  return argumentName ? Boolean(member?.args?.some(({ name }) => name === argumentName)) : Boolean(member);
}

function parentOf(coordinate) {
  return coordinate.split('.').slice(0, -1).join('.');
}

function refusalsOf({ type, coordinate, names, wasDeprecated, changelog }) {
  if (!REMOVALS.test(type)) return ['no release may do this: add something new beside it and deprecate the old'];
  const refusals = [];
  if (!wasDeprecated(coordinate)) refusals.push('the last release did not deprecate it: mark it @deprecated now, remove it a release later');
  if (names.length) refusals.push('checked-in operations still use it');
  if (!changelog.includes(`\`${coordinate}\``)) refusals.push(`CHANGELOG.md has no line about \`${coordinate}\``);
  return refusals;
}

/** The operations that are not served as they stand, each with what is wrong. */
export function brokenOperations(operations, contracts) {
  return operations.flatMap((operation) => faultsOf(operation, contracts).map((fault) => ({ name: operation.label, fault })));
}

import { getNamedType, isEnumType, isInputObjectType, isInterfaceType, isObjectType, isUnionType } from 'graphql';

/**
 * Says of a coordinate whether a release told frontends to leave it: deprecated itself, or of a type that nothing but
 * deprecated members leads to.
 */
export function createDeprecations(schema) {
  const inUse = typesInUse(schema);
  return function wasDeprecated(coordinate) {
    const [typeName, memberName, argumentName] = coordinate.split('.');
    const type = schema.getType(typeName);
    if (!type) return false;
    if (!inUse.has(typeName)) return true;
    if (!memberName) return false;
    const member = isEnumType(type) ? type.getValue(memberName) : type.getFields?.()[memberName];
    const subject = argumentName ? member?.args.find(({ name }) => name === argumentName) : member;
    return subject?.deprecationReason != null;
  };
}

/** The types that can be come to from the roots without a deprecated field, argument or member of an input. */
function typesInUse(schema) {
  const found = new Set();
  const queue = [schema.getQueryType(), schema.getMutationType()].filter(Boolean);
  while (queue.length) {
    const type = getNamedType(queue.pop());
    if (found.has(type.name)) continue;
    found.add(type.name);
    if (isUnionType(type)) queue.push(...type.getTypes());
    if (isInterfaceType(type)) queue.push(...schema.getPossibleTypes(type));
    if (isObjectType(type) || isInterfaceType(type)) queue.push(...type.getInterfaces());
    if (!isObjectType(type) && !isInterfaceType(type) && !isInputObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      if (field.deprecationReason != null) continue;
      queue.push(field.type, ...(field.args ?? []).filter((arg) => arg.deprecationReason == null).map((arg) => arg.type));
    }
  }
  return found;
}

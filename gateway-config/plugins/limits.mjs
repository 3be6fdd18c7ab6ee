import { GraphQLError, Kind, Lexer, parse, Source, TokenKind } from 'graphql';

/** Bounds a document's size and shape. Runs when a document is new: the runtime caches parsed and validated documents. */
export function useLimits(limits) {
  return {
    onParse: ({ setParseFn }) => setParseFn((text) => parseWithin(text, limits.tokens)),
    onValidate: ({ addValidationRule }) => addValidationRule(withinLimits),
  };

  function withinLimits(context) {
    return {
      Document(document) {
        for (const definition of document.definitions) {
          if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
          const problem =
            definition.operation === 'subscription'
              ? 'Subscriptions are not served.'
              : excessOf(measure(definition.selectionSet, (name) => context.getFragment(name)), limits);
          if (problem) context.reportError(new GraphQLError(problem, { nodes: definition }));
        }
      },
    };
  }
}

function parseWithin(text, maxTokens) {
  const source = new Source(text);
  checkTokens(source, maxTokens);
  return parse(source);
}

/** Before parsing, because the parser and the query planner recurse: deep nesting would overflow their stacks. */
function checkTokens(source, maxTokens) {
  const lexer = new Lexer(source);
  let nesting = 0;
  for (let count = 0; lexer.advance().kind !== TokenKind.EOF; count += 1) {
    if (count === maxTokens) throw new GraphQLError(`The document has more than ${maxTokens} tokens.`);
    if (OPENING.has(lexer.token.kind)) nesting += 1;
    if (CLOSING.has(lexer.token.kind)) nesting -= 1;
    if (nesting > MAX_NESTING) throw new GraphQLError(`The document nests deeper than ${MAX_NESTING} brackets.`);
  }
}

const MAX_NESTING = 100;
const OPENING = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const CLOSING = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);

function excessOf(found, limits) {
  if (found.depth > limits.depth) return `The operation nests deeper than ${limits.depth} levels.`;
  if (found.aliases > limits.aliases) return `The operation has more than ${limits.aliases} aliases.`;
  if (found.directives > limits.directives) return `The operation has more than ${limits.directives} directives.`;
  if (found.fields > limits.rootFields) return `The operation has more than ${limits.rootFields} top-level fields.`;
  return undefined;
}

/**
 * Depth and counts of a selection set with its fragments spread out: a fragment counts each time it is used, from
 * figures remembered per fragment, so that a chain of fragments cannot make this exponential.
 */
function measure(root, fragmentNamed) {
  const known = new Map();
  return selections(root, new Set());

  function selections(set, open) {
    const total = { depth: 0, aliases: 0, directives: 0, fields: 0 };
    for (const node of set.selections) {
      const found = selection(node, open);
      total.depth = Math.max(total.depth, found.depth);
      total.aliases += found.aliases;
      total.directives += found.directives + (node.directives?.length ?? 0);
      total.fields += found.fields;
    }
    return total;
  }

  function selection(node, open) {
    if (node.kind === Kind.FIELD) return field(node, open);
    if (node.kind === Kind.INLINE_FRAGMENT) return selections(node.selectionSet, open);
    return fragment(node.name.value, open);
  }

  function field(node, open) {
    // Introspection is deep by nature; whether it is allowed at all is another rule's business.
    if (node.name.value.startsWith('__')) return { ...NOTHING, fields: 1 };
    const inside = node.selectionSet ? selections(node.selectionSet, open) : NOTHING;
    return { ...inside, depth: inside.depth + 1, aliases: inside.aliases + (node.alias ? 1 : 0), fields: 1 };
  }

  function fragment(name, open) {
    if (known.has(name)) return known.get(name);
    const definition = open.has(name) ? undefined : fragmentNamed(name);
    if (!definition) return NOTHING;
    open.add(name);
    const found = selections(definition.selectionSet, open);
    open.delete(name);
    known.set(name, found);
    return found;
  }
}

const NOTHING = Object.freeze({ depth: 0, aliases: 0, directives: 0, fields: 0 });

import { GraphQLError, NoSchemaIntrospectionCustomRule } from 'graphql';

/** In production the schema is not told: neither by introspection nor by "Did you mean" in errors. */
export function useSchemaPrivacy() {
  return {
    onValidate({ addValidationRule }) {
      addValidationRule(NoSchemaIntrospectionCustomRule);
      return ({ valid, result, setResult }) => {
        if (!valid) setResult(result.map(withoutSuggestion));
      };
    },
  };
}

function withoutSuggestion(error) {
  const message = error.message.replace(/ Did you mean .*$/s, '');
  if (message === error.message) return error;
  return new GraphQLError(message, { nodes: error.nodes, source: error.source, positions: error.positions, extensions: error.extensions });
}

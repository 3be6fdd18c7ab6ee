import { getOperationAST, GraphQLError } from 'graphql';

/** Answers what a document alone cannot tell: which operation is meant, and whether GET may run it. */
export function useOperationCheck() {
  return {
    onExecute({ args, setResultAndStopExecution }) {
      const operation = getOperationAST(args.document, args.operationName);
      const problem = problemOf(operation, args);
      if (problem) setResultAndStopExecution({ errors: [new GraphQLError(problem, { extensions: { code: 'BAD_REQUEST' } })] });
    },
  };
}

function problemOf(operation, { operationName, contextValue }) {
  if (!operation) {
    return operationName ? 'The document has no operation of that name.' : '"operationName" must say which operation to run.';
  }
  if (operation.operation === 'subscription') return 'Subscriptions are not served.';
  if (operation.operation === 'mutation' && contextValue.req?.method === 'GET') return 'Mutations are sent with POST.';
  return undefined;
}

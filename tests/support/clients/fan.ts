/** Who registers: at which router, by which token, for which campaign. */
export type Fan = { endpoint: string; token: string; slug: string };

/** What a frontend shows her in the end. */
export type Registered = { title: string; entry: string; state: string };

/** The id that a generated document is registered under. */
export function idOf(document: object): string {
  return (document as { __meta__: { hash: string } }).__meta__.hash;
}

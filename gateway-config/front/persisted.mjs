import { readFile } from 'node:fs/promises';
import { Refusal } from './refusal.mjs';

// How a document begins: white space and comments, then perhaps the first operation's kind and name.
const OPERATION = /^(?:[\s,\uFEFF]|#[^\n\r]*)*(?:(query|mutation)\b\s*(\w*))?/;
const OTHER_QUERY = { name: 'other', kind: 'query' };
const OTHER_MUTATION = { name: 'other', kind: 'mutation' };

/**
 * The documents that fans' frontends are registered with, by the SHA-256 of their text. The manifest is polled; one that
 * cannot be read leaves the old one in use.
 */
export class PersistedDocuments {
  #bodies = new Map();
  #operations = new Map();
  #text = undefined;
  #timer = undefined;

  constructor({ path, only, log }) {
    this.path = path;
    this.only = only;
    this.log = log;
  }

  /** Loads the manifest or throws. */
  async load() {
    const text = await readFile(this.path, 'utf8');
    if (text === this.#text) return;
    this.#text = text;
    const { operations } = JSON.parse(text);
    this.#bodies = new Map(operations.map(({ id, body }) => [id, body]));
    this.#operations = new Map(operations.map(({ name, type: kind }) => [name, { name, kind }]));
  }

  watch(everyMs) {
    this.#timer = setInterval(
      () => this.load().catch((error) => this.log.error('registered documents not reloaded, the old ones serve on', { fault: error.name })),
      everyMs,
    );
    this.#timer.unref();
  }

  close() {
    clearInterval(this.#timer);
  }

  /** What a request is counted as: a registered operation that it names, or any other. */
  operationOf({ query, operationName }) {
    const [, kind = 'query', name] = OPERATION.exec(query);
    return this.#operations.get(operationName ?? name) ?? (kind === 'mutation' ? OTHER_MUTATION : OTHER_QUERY);
  }

  /** The request with the text of the document that it names. Where only registered ones are served, no other is. */
  resolve(params) {
    const id = idOf(params);
    const body = this.#bodies.get(id);
    if (body !== undefined) return { ...params, query: body };
    if (!this.only && (id === undefined || params.query != null)) return params;
    if (id !== undefined) throw new Refusal(400, 'PERSISTED_QUERY_NOT_IN_LIST', 'No document is registered under this id.');
    throw new Refusal(400, 'PERSISTED_QUERY_ID_REQUIRED', 'Only registered documents are served here: send the id of one, and no text.');
  }
}

/** As Apollo's and urql's clients send it, or as GraphQL over HTTP names it. */
function idOf(params) {
  const id = params?.extensions?.persistedQuery?.sha256Hash ?? params?.documentId;
  return typeof id === 'string' ? id.replace(/^sha256:/, '') : undefined;
}

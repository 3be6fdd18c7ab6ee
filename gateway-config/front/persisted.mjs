import { readFile } from 'node:fs/promises';
import { Refusal } from './refusal.mjs';

/**
 * The documents that fans' frontends are registered with, by the SHA-256 of their text. The manifest is polled; one that
 * cannot be read leaves the old one in use.
 */
export class PersistedDocuments {
  #bodies = new Map();
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
    this.#bodies = new Map(JSON.parse(text).operations.map(({ id, body }) => [id, body]));
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

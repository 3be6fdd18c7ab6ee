/** This many queries in a row without an answer in time, and a subgraph counts as silent. */
const UNANSWERED = 5;
const ASK_AGAIN_MS = 1_000;

/**
 * Whether a subgraph has stopped answering. Without this, every page that needs a frozen subgraph would wait for it as
 * long as the first one did, and hold a place in flight meanwhile.
 */
export class Silence {
  #unanswered = 0;
  #askAgainAt = 0;

  /** True: answer without asking. Once a second it is false all the same, to hear whether the subgraph is back. */
  lasts() {
    if (this.#unanswered < UNANSWERED) return false;
    const now = performance.now();
    if (now < this.#askAgainAt) return true;
    this.#askAgainAt = now + ASK_AGAIN_MS;
    return false;
  }

  heard() {
    this.#unanswered = 0;
  }

  unanswered() {
    this.#unanswered++;
  }
}

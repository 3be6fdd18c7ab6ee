const SWEEP_MS = 25;

/**
 * The calls in flight: capped, each with the same time to live, and none waiting longer than `patienceMs` for one
 * answer to a query. One timer serves them all.
 */
export class InFlight {
  #calls = new Set();
  #idle = undefined;

  constructor({ max, deadlineMs, patienceMs }) {
    this.max = max;
    this.deadlineMs = deadlineMs;
    this.patienceMs = patienceMs;
    setInterval(() => this.#sweep(), SWEEP_MS).unref();
  }

  get size() {
    return this.#calls.size;
  }

  get full() {
    return this.#calls.size >= this.max;
  }

  begin(call) {
    call.deadline = performance.now() + this.deadlineMs;
    this.#calls.add(call);
  }

  end(call) {
    this.#calls.delete(call);
    if (!this.#calls.size) this.#idle?.();
  }

  /** Resolves once nothing is in flight. */
  idle() {
    return this.#calls.size ? new Promise((resolve) => (this.#idle = resolve)) : Promise.resolve();
  }

  #sweep() {
    const now = performance.now();
    for (const call of this.#calls) {
      if (call.deadline <= now) call.expire();
      else call.goOnWithout(now - this.patienceMs);
    }
  }
}

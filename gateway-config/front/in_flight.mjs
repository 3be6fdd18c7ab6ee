const SWEEP_MS = 25;

/**
 * The calls in flight: capped, and each with the same time to live, so that insertion order is expiry order and one
 * timer serves them all.
 */
export class InFlight {
  #calls = new Set();
  #idle = undefined;

  constructor({ max, deadlineMs }) {
    this.max = max;
    this.deadlineMs = deadlineMs;
    setInterval(() => this.#expire(), SWEEP_MS).unref();
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

  #expire() {
    const now = performance.now();
    for (const call of this.#calls) {
      if (call.deadline > now) return;
      call.expire();
    }
  }
}

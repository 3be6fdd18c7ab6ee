/** A request that is answered without being executed. */
export class Refusal extends Error {
  constructor(status, code, message, headers = undefined) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** Full, or about to stop: the client should come back in a second. */
export function busy() {
  return new Refusal(503, 'UNAVAILABLE', 'The service is busy. Try again shortly.', { 'retry-after': '1' });
}

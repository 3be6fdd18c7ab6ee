const PREFLIGHT = {
  'access-control-allow-methods': 'GET, POST, PUT, OPTIONS',
  'access-control-allow-headers':
    'authorization, content-type, accept-language, if-none-match, x-request-id, traceparent, apollo-require-preflight',
  'access-control-max-age': '86400',
};

/** Cross-origin headers for the allowed origins (`*` allows all); none for the others. Credentials are never cookies. */
export function createCors(allowedOrigins) {
  const any = allowedOrigins.includes('*');
  const allowed = new Set(allowedOrigins);
  return {
    /** Sets what a response to this request needs. */
    apply(req, res) {
      const { origin } = req.headers;
      if (origin === undefined || !(any || allowed.has(origin))) return false;
      res.setHeader('access-control-allow-origin', origin);
      res.setHeader('vary', 'origin');
      res.setHeader('access-control-expose-headers', 'etag, x-request-id, retry-after');
      return true;
    },

    preflight(req, res) {
      res.writeHead(204, this.apply(req, res) ? PREFLIGHT : undefined).end();
    },
  };
}

/** The headers a subgraph receives with one fetch, as undici's flat list. Nothing else of the client's is passed on. */
export function subgraphHeaders(call, body, sign, traceparent) {
  const { headers } = call;
  const sent = [
    'content-type', 'application/json',
    'accept', 'application/json',
    'x-request-id', call.id,
    'x-client-ip', call.clientIp,
    'x-router-proof', sign(body, headers.authorization),
  ];
  if (headers.authorization) sent.push('authorization', headers.authorization);
  if (headers['accept-language']) sent.push('accept-language', headers['accept-language']);
  if (headers['user-agent']) sent.push('user-agent', headers['user-agent']);
  if (headers['sec-gpc']) sent.push('sec-gpc', headers['sec-gpc']);
  if (traceparent) sent.push('traceparent', traceparent);
  return sent;
}

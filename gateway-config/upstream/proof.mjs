import { createHmac, hash } from 'node:crypto';

/**
 * Proves to a subgraph that this body with this token came through the router:
 * `v1;<unix seconds>;<hex HMAC-SHA256 of "<seconds>\n<sha256 of the body>\n<sha256 of the authorization header>">`.
 */
export function createProof(secret) {
  return (body, authorization) => {
    const seconds = Math.floor(Date.now() / 1_000);
    const signed = `${seconds}\n${sha256(body)}\n${tokenHash(authorization)}`;
    return `v1;${seconds};${createHmac('sha256', secret).update(signed).digest('hex')}`;
  };
}

// Headers travel as latin-1; hashing a string would take it for UTF-8.
function tokenHash(authorization) {
  return authorization ? sha256(Buffer.from(authorization, 'latin1')) : NO_TOKEN;
}

function sha256(data) {
  return hash('sha256', data, 'hex');
}

const NO_TOKEN = sha256('');

// An OpenID provider that is not ours, on 127.0.0.1:$PORT: a web client for people, and two clients that speak for
// themselves. Anybody may sign in under any name. Says "ready" once it listens.

import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

const port = Number(process.env.PORT);
const secret = process.env.CLIENT_SECRET;

const signingKey = (kid, type, options) => ({
  ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }),
  kid,
  use: 'sig',
});

const person = (id) => ({
  email: `${id}@example.com`,
  email_verified: true,
  country: 'IE',
  member_id: `member-${id}`,
});

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: 'web',
      client_secret: secret,
      grant_types: ['authorization_code'],
      redirect_uris: ['http://127.0.0.1/callback'],
    },
    {
      client_id: 'analytics',
      client_secret: secret,
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    },
  ],
  cookies: { keys: [secret] },
  extraTokenClaims: (_context, token) => (token.kind === 'AccessToken' ? person(token.accountId) : undefined),
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: true },
    resourceIndicators: {
      enabled: true,
      // A resource is named for the algorithm of its tokens: urn:monoql:RS256.
      getResourceServerInfo: (_context, resource) => ({
        scope: 'graph',
        audience: process.env.AUDIENCE,
        accessTokenFormat: 'jwt',
        accessTokenTTL: 600,
        jwt: { sign: { alg: resource.split(':').at(-1) } },
      }),
      useGrantedResource: () => true,
    },
  },
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, ...person(id) }) }),
  jwks: {
    keys: [
      signingKey('provider-rsa', 'rsa', { modulusLength: 2048 }),
      signingKey('provider-ec', 'ec', { namedCurve: 'P-256' }),
    ],
  },
  ttl: { AccessToken: 600, ClientCredentials: 600, Grant: 600, Interaction: 600, Session: 600 },
});

provider.listen(port, '127.0.0.1', () => console.log('ready'));

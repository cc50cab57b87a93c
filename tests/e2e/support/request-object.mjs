// Request objects by jose, for what openid-client does not make: encrypted ones, and broken ones.

import { randomUUID } from 'node:crypto';
import { CompactEncrypt, SignJWT, importJWK } from 'jose';
import { publishedKey } from './keys.mjs';

export const seconds = () => Math.floor(Date.now() / 1000);

/** The claims about the object itself; those of the request come after. */
export function claimsOf(server, clientId, request) {
  const now = seconds();
  const about = { iss: clientId, aud: server.url, client_id: clientId, nbf: now, iat: now, exp: now + 60, jti: randomUUID() };
  return { ...about, ...request };
}

export function sign(claims, { alg, kid, privateKey }, header = {}) {
  return new SignJWT(claims).setProtectedHeader({ alg, kid, typ: 'oauth-authz-req+jwt', ...header }).sign(privateKey);
}

/** Encrypts a signed object to the key of the server that is called `kid`. */
export async function encrypt(object, server, { kid, alg, enc }) {
  const key = await importJWK(await publishedKey(server, kid), alg);
  return new CompactEncrypt(new TextEncoder().encode(object))
    .setProtectedHeader({ alg, enc, kid, cty: 'oauth-authz-req+jwt' })
    .encrypt(key);
}

/** An assertion of `private_key_jwt`, or of `client_secret_jwt` with the secret as `privateKey`. */
export async function assertion(server, clientId, key, changes = {}) {
  const now = seconds();
  const claims = { iss: clientId, sub: clientId, aud: server.url, jti: randomUUID(), iat: now, exp: now + 60, ...changes };
  return {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: await new SignJWT(claims).setProtectedHeader({ alg: key.alg, kid: key.kid }).sign(key.privateKey),
  };
}

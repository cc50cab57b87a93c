// Keys of clients and of the server, made for one test run.

import { generateKeyPairSync } from 'node:crypto';
import { exportJWK, generateKeyPair } from 'jose';

/** A client's key for one signing algorithm: `jwk` to register, `privateKey` for openid-client and jose. */
export async function signingKey(alg) {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const kid = `${alg}-key`;
  return { alg, kid, privateKey, jwk: { ...(await exportJWK(publicKey)), use: 'sig', alg, kid } };
}

/** What the server is configured with: a private key of every type that clients can encrypt to. */
export function encryptionKeys() {
  return [
    ['rsa', 'rsa', { modulusLength: 2048 }],
    ['p256', 'ec', { namedCurve: 'P-256' }],
    ['p384', 'ec', { namedCurve: 'P-384' }],
    ['x25519', 'x25519', {}],
  ].map(([kid, type, options]) => {
    const asJwk = { format: 'jwk' };
    const { privateKey } = generateKeyPairSync(type, { ...options, publicKeyEncoding: asJwk, privateKeyEncoding: asJwk });
    return { ...privateKey, use: 'enc', kid };
  });
}

/** A key of the server, from where it publishes them. */
export async function publishedKey(server, kid) {
  const { keys } = await (await fetch(`${server.url}/jwks`)).json();
  const key = keys.find((one) => one.kid === kid);
  if (!key) throw new Error(`no key ${kid} among ${keys.map((one) => one.kid)}`);
  return key;
}

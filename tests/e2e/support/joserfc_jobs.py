"""Makes keys and tokens with joserfc: reads a JSON array of jobs from standard input, and prints an array of what came of each.

A job is one of
  {"generate": kty, "curve_or_size": ..., "alg": ..., "kid": ...}       -> a private JWK with its public half
  {"sign": header, "claims": object, "key": JWK or {"secret": text}}    -> a compact JWS
  {"encrypt": header, "of": another job, "key": JWK or {"derive": text, "bytes": n}}  -> a compact JWE
"""

import hashlib
import json
import sys

from joserfc import jwe, jws
from joserfc.jwk import JWKRegistry, OctKey


def key_of(description):
    if "secret" in description:
        return OctKey.import_key(description["secret"])
    if "derive" in description:
        # OpenID Connect Core section 10.2
        length = description["bytes"]
        digest = hashlib.sha256 if length <= 32 else hashlib.sha512
        return OctKey.import_key(digest(description["derive"].encode()).digest()[:length])
    return JWKRegistry.import_key(description)


def generated(job):
    parameters = {"kid": job["kid"], "use": "sig", "alg": job["alg"]}
    key = JWKRegistry.generate_key(job["generate"], job["curve_or_size"], parameters, private=True)
    return {"private": key.as_dict(private=True), "public": key.as_dict(private=False)}


def signed(job):
    header = job["sign"]
    payload = json.dumps(job["claims"]).encode()
    return jws.serialize_compact(header, payload, key_of(job["key"]), algorithms=[header["alg"]])


def encrypted(job):
    header = job["encrypt"]
    plaintext = done(job["of"]).encode()
    return jwe.encrypt_compact(header, plaintext, key_of(job["key"]), algorithms=[header["alg"], header["enc"]])


def done(job):
    if "generate" in job:
        return generated(job)
    return encrypted(job) if "encrypt" in job else signed(job)


json.dump([done(job) for job in json.load(sys.stdin)], sys.stdout)

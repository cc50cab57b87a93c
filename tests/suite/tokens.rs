//! Tokens for tests: as clients make them, and as nobody should.

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use josekit::{
    jwe::{
        self, A128GCMKW, A128KW, A192GCMKW, A192KW, A256GCMKW, A256KW, Dir, ECDH_ES, ECDH_ES_A128KW, ECDH_ES_A256KW,
        JweEncrypter, JweHeader, RSA_OAEP, RSA_OAEP_256,
    },
    jwk::{
        Jwk,
        alg::{ec::EcCurve, ecx::EcxCurve, ed::EdCurve},
    },
    jws::{ES256, ES384, ES512, EdDSA, JwsSigner, PS256, PS384, PS512, RS256, RS384, RS512},
};
use openssl::{
    hash::MessageDigest,
    pkey::PKey,
    symm::{self, Cipher},
};
use parjar::{Pending, Policy, Reason, Reply, jose::TokenFault};
use serde_json::{Value, json};

use crate::support::{CALLBACK, CHALLENGE, ISSUER, Server, basic, form, with};

/// What [`parjar::ManualClock::default`] shows.
pub(crate) const NOW: i64 = 1_700_000_000;
pub(crate) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Long enough for every HMAC.
pub(crate) const LONG_SECRET: &str = "a secret of 64 characters, which is as long as the hash of HS512";

/// A private key to sign with.
pub(crate) struct Key(Jwk);

pub(crate) static ES256_KEY: LazyLock<Key> = LazyLock::new(|| Key::ec(EcCurve::P256, "es256"));
pub(crate) static OTHER_ES256_KEY: LazyLock<Key> = LazyLock::new(|| Key::ec(EcCurve::P256, "other"));
pub(crate) static ES384_KEY: LazyLock<Key> = LazyLock::new(|| Key::ec(EcCurve::P384, "es384"));
pub(crate) static ES512_KEY: LazyLock<Key> = LazyLock::new(|| Key::ec(EcCurve::P521, "es512"));
pub(crate) static ED25519_KEY: LazyLock<Key> =
    LazyLock::new(|| Key::named(Jwk::generate_ed_key(EdCurve::Ed25519).unwrap(), "ed25519"));
pub(crate) static RSA_KEY: LazyLock<Key> = LazyLock::new(|| Key::named(Jwk::generate_rsa_key(2048).unwrap(), "rsa"));

impl Key {
    fn ec(curve: EcCurve, kid: &str) -> Self {
        Self::named(Jwk::generate_ec_key(curve).unwrap(), kid)
    }

    fn named(mut jwk: Jwk, kid: &str) -> Self {
        jwk.set_key_id(kid);
        Self(jwk)
    }

    /// As a client registers it.
    pub(crate) fn public(&self) -> Value {
        with(json!(self.0.to_public_key().unwrap().as_ref()), json!({ "kid": self.kid() }))
    }

    pub(crate) fn private(&self) -> Value {
        json!(self.0.as_ref())
    }

    pub(crate) fn kid(&self) -> &str {
        self.0.key_id().unwrap()
    }

    /// A raw signature of any bytes.
    pub(crate) fn signature(&self, algorithm: &str, input: &[u8]) -> Vec<u8> {
        let signer: Box<dyn JwsSigner> = match algorithm {
            "ES256" => Box::new(ES256.signer_from_jwk(&self.0).unwrap()),
            "ES384" => Box::new(ES384.signer_from_jwk(&self.0).unwrap()),
            "ES512" => Box::new(ES512.signer_from_jwk(&self.0).unwrap()),
            "EdDSA" | "Ed25519" => Box::new(EdDSA.signer_from_jwk(&self.0).unwrap()),
            "RS256" => Box::new(RS256.signer_from_jwk(&self.0).unwrap()),
            "RS384" => Box::new(RS384.signer_from_jwk(&self.0).unwrap()),
            "RS512" => Box::new(RS512.signer_from_jwk(&self.0).unwrap()),
            "PS256" => Box::new(PS256.signer_from_jwk(&self.0).unwrap()),
            "PS384" => Box::new(PS384.signer_from_jwk(&self.0).unwrap()),
            "PS512" => Box::new(PS512.signer_from_jwk(&self.0).unwrap()),
            other => panic!("no key signs with {other}"),
        };
        signer.sign(input).unwrap()
    }

    /// A compact JWS with this header and payload, whatever they say; `alg` of the header chooses the algorithm.
    pub(crate) fn sign(&self, header: &Value, payload: &Value) -> String {
        self.sign_text(&header.to_string(), &payload.to_string(), header["alg"].as_str().unwrap())
    }

    /// The same from texts that need not be JSON.
    pub(crate) fn sign_text(&self, header: &str, payload: &str, algorithm: &str) -> String {
        let input = format!("{}.{}", encode(header), encode(payload));
        let signature = self.signature(algorithm, input.as_bytes());
        format!("{input}.{}", encode(signature))
    }
}

/// A compact JWS with a MAC.
pub(crate) fn mac(header: &Value, payload: &Value, secret: impl AsRef<[u8]>) -> String {
    mac_text(&header.to_string(), &payload.to_string(), header["alg"].as_str().unwrap(), secret)
}

/// The same from texts that need not be JSON. Any secret will do, also one that no library would take.
pub(crate) fn mac_text(header: &str, payload: &str, algorithm: &str, secret: impl AsRef<[u8]>) -> String {
    let input = format!("{}.{}", encode(header), encode(payload));
    let signature = match algorithm {
        "HS256" => hmac(MessageDigest::sha256(), secret.as_ref(), input.as_bytes()),
        "HS384" => hmac(MessageDigest::sha384(), secret.as_ref(), input.as_bytes()),
        "HS512" => hmac(MessageDigest::sha512(), secret.as_ref(), input.as_bytes()),
        other => panic!("{other} is no MAC"),
    };
    format!("{input}.{}", encode(signature))
}

/// RFC 2104 pads a key with zeros, so an empty one, which OpenSSL does not take, is one zero.
fn hmac(digest: MessageDigest, secret: &[u8], input: &[u8]) -> Vec<u8> {
    let key = PKey::hmac(if secret.is_empty() { &[0] } else { secret }).unwrap();
    openssl::sign::Signer::new(digest, &key).unwrap().sign_oneshot_to_vec(input).unwrap()
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// The claims of an assertion of `client_id` that is good now, with a `jti` of its own, and others added or replaced; `null` takes
/// one away.
pub(crate) fn assertion_claims(client_id: &str, others: Value) -> Value {
    let claims = json!({
        "iss": client_id, "sub": client_id, "aud": ISSUER, "iat": NOW, "exp": NOW + 60, "jti": fresh_id(),
    });
    changed(claims, others)
}

/// The same for a request object.
pub(crate) fn object_claims(client_id: &str, others: Value) -> Value {
    let claims = json!({
        "iss": client_id, "aud": ISSUER, "iat": NOW, "nbf": NOW, "exp": NOW + 300, "client_id": client_id,
        "response_type": "code", "redirect_uri": CALLBACK, "state": "af0", "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    });
    changed(claims, others)
}

/// One of the literal tokens in `tests/vectors/tokens.jsonl`.
pub(crate) fn literal(id: &str) -> String {
    let vectors =
        include_str!("../vectors/tokens.jsonl").lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let found = vectors.into_iter().find(|vector| vector["id"] == id);
    found.unwrap()["token"].as_str().unwrap().to_owned()
}

pub(crate) fn changed(mut claims: Value, others: Value) -> Value {
    let members = claims.as_object_mut().unwrap();
    for (name, value) in others.as_object().unwrap() {
        if value.is_null() {
            members.shift_remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    claims
}

pub(crate) fn fresh_id() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("id-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A registration for `client_secret_basic`, with [`ES256_KEY`] to sign request objects with.
pub(crate) fn signer(client_id: &str) -> Value {
    with(basic(client_id), json!({ "jwks": { "keys": [ES256_KEY.public()] } }))
}

/// A registration for `private_key_jwt`, with [`ES256_KEY`].
pub(crate) fn asserter(client_id: &str) -> Value {
    json!({
        "client_id": client_id, "token_endpoint_auth_method": "private_key_jwt",
        "jwks": { "keys": [ES256_KEY.public()] }, "redirect_uris": [CALLBACK],
    })
}

/// A server with the policy `oauth` on which `basic` may push request objects.
pub(crate) fn object_server() -> Server {
    Server::with(Policy::oauth(), [signer("basic")])
}

/// What `basic` has pushed as a request object, opened.
pub(crate) fn opened(server: &Server, object: &str) -> Pending {
    let uri = server.pushed(&form([("request", object)]));
    server.open(&uri).unwrap()
}

/// Why `basic` cannot push a request object. Whatever it is, the client is told the same, and nothing is stored.
pub(crate) fn object_fault(server: &Server, object: &str) -> TokenFault {
    let before = server.store.len();
    let refusal = server.try_push(form([("request", object)]).as_bytes()).expect_err("a refusal");
    let Reason::RequestObject(fault) = refusal.reason() else { panic!("{refusal}") };
    let reply = Reply::from(refusal);
    assert_eq!(reply.status(), 400);
    let told = r#"{"error":"invalid_request_object","error_description":"the request object is not acceptable"}"#;
    assert_eq!(reply.body(), told);
    assert_eq!(server.store.len(), before);
    fault
}

/// A request object signed with ES256, by [`ES256_KEY`].
pub(crate) fn object(client_id: &str, others: Value) -> String {
    ES256_KEY.sign(&object_header("ES256"), &object_claims(client_id, others))
}

pub(crate) fn object_header(algorithm: &str) -> Value {
    json!({ "alg": algorithm, "typ": "oauth-authz-req+jwt" })
}

/// An assertion signed with ES256, by [`ES256_KEY`].
pub(crate) fn assertion(client_id: &str, others: Value) -> String {
    ES256_KEY.sign(&json!({ "alg": "ES256" }), &assertion_claims(client_id, others))
}

/// The parameters of a form that authenticates with this assertion.
pub(crate) fn with_assertion(assertion: &str) -> [(&'static str, &str); 2] {
    [("client_assertion_type", ASSERTION_TYPE), ("client_assertion", assertion)]
}

/// A compact JWE for a public key.
pub(crate) fn encrypt(header: &Value, plaintext: &[u8], public: &Value) -> String {
    // josekit would put the `kid` of the key into the header.
    let mut members = public.as_object().unwrap().clone();
    members.retain(|member, _| !matches!(&**member, "kid" | "alg"));
    let jwk = Jwk::from_map(members).unwrap();
    let encrypter: Box<dyn JweEncrypter> = match header["alg"].as_str().unwrap() {
        "RSA-OAEP" => Box::new(RSA_OAEP.encrypter_from_jwk(&jwk).unwrap()),
        "RSA-OAEP-256" => Box::new(RSA_OAEP_256.encrypter_from_jwk(&jwk).unwrap()),
        "ECDH-ES" => Box::new(ECDH_ES.encrypter_from_jwk(&jwk).unwrap()),
        "ECDH-ES+A128KW" => Box::new(ECDH_ES_A128KW.encrypter_from_jwk(&jwk).unwrap()),
        "ECDH-ES+A256KW" => Box::new(ECDH_ES_A256KW.encrypter_from_jwk(&jwk).unwrap()),
        other => panic!("{other} needs no public key"),
    };
    encrypted(header, plaintext, &*encrypter)
}

/// A compact JWE for somebody who has the same key.
pub(crate) fn encrypt_shared(header: &Value, plaintext: &[u8], key: &[u8]) -> String {
    let encrypter: Box<dyn JweEncrypter> = match header["alg"].as_str().unwrap() {
        "dir" => Box::new(Dir.encrypter_from_bytes(key).unwrap()),
        "A128KW" => Box::new(A128KW.encrypter_from_bytes(key).unwrap()),
        "A192KW" => Box::new(A192KW.encrypter_from_bytes(key).unwrap()),
        "A256KW" => Box::new(A256KW.encrypter_from_bytes(key).unwrap()),
        "A128GCMKW" => Box::new(A128GCMKW.encrypter_from_bytes(key).unwrap()),
        "A192GCMKW" => Box::new(A192GCMKW.encrypter_from_bytes(key).unwrap()),
        "A256GCMKW" => Box::new(A256GCMKW.encrypter_from_bytes(key).unwrap()),
        other => panic!("{other} needs a public key"),
    };
    encrypted(header, plaintext, &*encrypter)
}

/// A compact JWE with this header, whatever it says, and content that is encrypted with AES-128 GCM as it should be.
pub(crate) fn seal(header: &Value, encrypted_key: &[u8], content_key: &[u8], plaintext: &[u8]) -> String {
    let (header, vector, mut tag) = (encode(header.to_string()), [3; 12], [0; 16]);
    let additional_data = header.as_bytes();
    let cipher = Cipher::aes_128_gcm();
    let ciphertext =
        symm::encrypt_aead(cipher, content_key, Some(&vector), additional_data, plaintext, &mut tag).unwrap();
    [header, encode(encrypted_key), encode(vector), encode(ciphertext), encode(tag)].join(".")
}

fn encrypted(header: &Value, plaintext: &[u8], encrypter: &dyn JweEncrypter) -> String {
    let header = JweHeader::from_map(header.as_object().unwrap().clone()).unwrap();
    jwe::serialize_compact(plaintext, &header, encrypter).unwrap()
}

/// A private JWK to decrypt with.
pub(crate) fn decryption_key(kind: &str, kid: &str) -> Value {
    let mut jwk = match kind {
        "RSA" => Jwk::generate_rsa_key(2048).unwrap(),
        "P-256" => Jwk::generate_ec_key(EcCurve::P256).unwrap(),
        "P-384" => Jwk::generate_ec_key(EcCurve::P384).unwrap(),
        "X25519" => Jwk::generate_ecx_key(EcxCurve::X25519).unwrap(),
        other => panic!("no key of kind {other}"),
    };
    jwk.set_key_id(kid);
    jwk.set_key_use("enc");
    json!(jwk.as_ref())
}

/// The public half of a private JWK.
pub(crate) fn public_half(private: &Value) -> Value {
    let mut public = private.clone();
    for member in ["d", "p", "q", "dp", "dq", "qi"] {
        public.as_object_mut().unwrap().remove(member);
    }
    public
}

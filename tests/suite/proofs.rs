//! DPoP proofs for tests: as clients make them, and as nobody should.

use parjar::{AuthenticatedClient, Confirmation, FormRequest, Policy, Pushed, Reason, Refusal, Thumbprint};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    support::{FORM, Server, authenticate, authorization, basic},
    tokens::{Key, NOW, asserter, changed, encode, fresh_id},
};

pub(crate) const PAR_ENDPOINT: &str = "https://as.example.com/authorize/par";
pub(crate) const TOKEN_ENDPOINT: &str = "https://as.example.com/token";

/// The claims of a proof for a push that is good now, with a `jti` of its own, and others added or replaced; `null` takes one
/// away.
pub(crate) fn proof_claims(others: Value) -> Value {
    changed(json!({ "jti": fresh_id(), "htm": "POST", "htu": PAR_ENDPOINT, "iat": NOW }), others)
}

pub(crate) fn proof_header(algorithm: &str, jwk: Value) -> Value {
    json!({ "typ": "dpop+jwt", "alg": algorithm, "jwk": jwk })
}

/// A proof signed with ES256.
pub(crate) fn proof(key: &Key, others: Value) -> String {
    key.sign(&proof_header("ES256", bare(key)), &proof_claims(others))
}

/// The members that make up a public key.
pub(crate) fn bare(key: &Key) -> Value {
    let mut jwk = key.public();
    jwk.as_object_mut().unwrap().retain(|member, _| matches!(&**member, "kty" | "crv" | "x" | "y" | "n" | "e"));
    jwk
}

/// RFC 7638
pub(crate) fn thumbprint(key: &Key) -> Thumbprint {
    let jwk = bare(key);
    let mut members: Vec<_> = jwk.as_object().unwrap().iter().collect();
    members.sort_by_key(|(name, _)| name.as_str());
    let text: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    let digest = Sha256::digest(format!("{{{}}}", text.join(",")));
    Thumbprint::parse(&encode(digest)).unwrap()
}

pub(crate) fn bound_to(key: &Key) -> Confirmation {
    let mut confirmation = Confirmation::default();
    confirmation.jkt = Some(thumbprint(key));
    confirmation
}

/// The clients `basic`, `other` (both with a secret) and `c1` (`private_key_jwt`), and a token endpoint.
pub(crate) fn dpop_server(policy: Policy) -> Server {
    Server::built(policy, [basic("basic"), basic("other"), asserter("c1")], Default::default(), |builder| {
        builder.token_endpoint(TOKEN_ENDPOINT)
    })
}

pub(crate) fn nonce_policy() -> Policy {
    let mut policy = Policy::oauth();
    policy.require_dpop_nonce = true;
    policy
}

impl Server {
    /// Pushes as `basic` with these `DPoP` headers.
    pub(crate) fn push_proofs(&self, proofs: &[&str], body: &str) -> Result<Pushed, Refusal> {
        let authorization = authorization("basic", "s3cret");
        let headers = proofs.iter().map(|proof| ("DPoP", *proof));
        self.push_headers([("authorization", &*authorization)].into_iter().chain(headers), body)
    }

    /// Pushes without an `Authorization` header, with this proof.
    pub(crate) fn push_proof_of_form(&self, proof: &str, body: &str) -> Result<Pushed, Refusal> {
        self.push_headers([("dpop", proof)], body)
    }

    fn push_headers<'a>(
        &self,
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
        body: &'a str,
    ) -> Result<Pushed, Refusal> {
        let headers = headers.into_iter().chain([("content-type", FORM)]);
        let headers = headers.map(|(name, value)| (name, value.as_bytes()));
        pollster::block_on(self.par.push(&FormRequest::new("POST", headers, body)))
    }

    /// Posts a form to the token endpoint, as `basic` when it says nothing about the client.
    pub(crate) fn token_with_proof(&self, proof: Option<&str>, body: &str) -> Result<AuthenticatedClient, Refusal> {
        let authorization = authorization("basic", "s3cret");
        let authorization = (!body.contains("client_assertion")).then_some(("authorization", &*authorization));
        let headers =
            [("content-type", FORM)].into_iter().chain(authorization).chain(proof.map(|proof| ("dpop", proof)));
        let headers = headers.map(|(name, value)| (name, value.as_bytes()));
        authenticate(&self.par, &FormRequest::new("POST", headers, body))
    }

    /// What a pushed request of `basic` is bound to.
    pub(crate) fn confirmation(&self, pushed: &Pushed) -> Confirmation {
        self.open(pushed.request_uri()).unwrap().request().confirmation()
    }
}

/// Why something was refused.
pub(crate) fn reason<T>(outcome: Result<T, Refusal>) -> Option<Reason> {
    outcome.err().map(|refusal| refusal.reason())
}

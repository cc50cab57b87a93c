//! One request of the client to this server, and its answer: built as a raw message, given to the function that also answers
//! requests from outside, and recorded with what it took.

use std::time::Instant;

use serde_json::Value;

use super::{
    choices::Choices,
    client_key::ClientKey,
    compact::Decoded,
    credentials::{Credentials, Kind},
    curl, dpop_proof,
    first_request::Fields,
    played_client::PlayedClient,
    reason,
    step::Step,
    wire,
};
use crate::demo::{
    http::message::{Answer, Message, encode},
    server::{Server, push, resource, token_endpoint},
};

/// The client at work: at which server, as whom, and with what for a nonce.
pub(super) struct Exchange<'a> {
    pub(super) server: &'a Server,
    pub(super) client: &'a PlayedClient,
    pub(super) choices: &'a Choices,
    pub(super) dpop: &'a ClientKey,
    /// The latest one from the server.
    pub(super) nonce: Option<String>,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Endpoint {
    Push,
    Token,
    Resource,
}

/// What is sent: a form, or a token with a GET.
pub(super) enum Content {
    Form { fields: Fields, inside: Option<String>, method: &'static str, kind: Kind },
    Token(String),
}

/// A request that the playground has put together.
struct Request {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Request {
    fn message<'a>(&'a self, client: &'a PlayedClient) -> Message<'a> {
        Message {
            method: self.method,
            path: &self.path,
            query: None,
            headers: self.headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect(),
            body: self.body.as_bytes(),
            certificate: client.authentication.certificate().map(|certificate| certificate.shown()),
        }
    }
}

impl Exchange<'_> {
    /// Sends what `content` makes, and sends it anew when the server demands a nonce in the proof. Each time is a step.
    pub(super) async fn send(
        &mut self,
        endpoint: Endpoint,
        content: impl Fn() -> Result<Content, Answer>,
    ) -> Result<(Vec<Step>, Answer), Answer> {
        let (step, reply) = self.send_once(endpoint, content()?).await?;
        if !self.learns_nonce(&reply) || !demands_nonce(&reply) {
            return Ok((vec![step], reply));
        }
        let first = step
            .with_remark("The server wants a nonce of its own in the proof, and sends one along (RFC 9449 section 8).");
        let (second, reply) = self.send_once(endpoint, content()?).await?;
        self.learns_nonce(&reply);
        let second = second.with_remark("The same again, with the nonce in the proof.");
        Ok((vec![first, second], reply))
    }

    async fn send_once(&self, endpoint: Endpoint, content: Content) -> Result<(Step, Answer), Answer> {
        let inside = match &content {
            Content::Form { inside, .. } => inside.clone(),
            Content::Token(_) => None,
        };
        let built = self.request(endpoint, content)?;
        let request = built.message(self.client);
        let begin = Instant::now();
        let (reply, reason) = reason::watch(self.answer(endpoint, &request)).await;
        let took = begin.elapsed();
        let step = self.step(endpoint, &request, &reply, inside.as_deref());
        Ok((Step { took: Some(took), reason: reason.filter(|_| self.client.is_public_knowledge), ..step }, reply))
    }

    async fn answer(&self, endpoint: Endpoint, request: &Message<'_>) -> Answer {
        match endpoint {
            Endpoint::Push => push::answer(self.server, request).await,
            Endpoint::Token => token_endpoint::answer(self.server, request).await,
            Endpoint::Resource => resource::answer(self.server, request).await,
        }
    }

    fn request(&self, endpoint: Endpoint, content: Content) -> Result<Request, Answer> {
        let issuer = &self.server.issuer;
        let mut headers = vec![("host", issuer.host().to_owned())];
        let path = match endpoint {
            Endpoint::Push => "/authorize/par",
            Endpoint::Token => "/token",
            Endpoint::Resource => "/resource",
        };
        let (method, body, token) = match content {
            Content::Form { fields, method, kind, .. } => {
                let credentials = Credentials::of(self.client, issuer, &self.choices.algorithm, kind)?;
                headers.extend(credentials.authorization.map(|value| ("authorization", value)));
                let fields = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
                let body = encode(fields.chain(credentials.fields.iter().map(|(name, value)| (*name, value.as_str()))));
                headers.push(("content-type", "application/x-www-form-urlencoded".to_owned()));
                headers.push(("content-length", body.len().to_string()));
                (method, body, None)
            }
            Content::Token(token) => {
                let scheme = if self.choices.binds_tokens() { "DPoP" } else { "Bearer" };
                headers.push(("authorization", format!("{scheme} {token}")));
                ("GET", String::new(), Some(token))
            }
        };
        if self.choices.binds_tokens() {
            let (url, nonce) = (issuer.url(path), self.nonce.as_deref());
            headers.push(("dpop", dpop_proof::sign(self.dpop, method, &url, nonce, token.as_deref())?));
        }
        Ok(Request { method, path: issuer.path(path), headers, body })
    }

    /// Keeps the nonce of a reply. Returns `true` if it is another than the one before.
    fn learns_nonce(&mut self, reply: &Answer) -> bool {
        let Some((_, nonce)) = reply.headers.iter().find(|(name, _)| *name == "dpop-nonce") else { return false };
        let is_new = self.nonce.as_deref() != Some(nonce);
        self.nonce = Some(nonce.clone().into_owned());
        is_new && self.choices.binds_tokens()
    }

    fn step(&self, endpoint: Endpoint, request: &Message<'_>, reply: &Answer, inside: Option<&str>) -> Step {
        let is_kept = !self.client.is_public_knowledge;
        let has_secret = request.header("authorization").is_some_and(|value| value.starts_with("Basic "))
            || request.form().is_some_and(|form| form.field("client_secret").is_some());
        let may_be_repeated = !(is_kept && (has_secret || request.certificate.is_some()));
        Step {
            title: match endpoint {
                Endpoint::Push => "The client pushes its request",
                Endpoint::Token => "The client redeems the code",
                Endpoint::Resource => "The client uses the token",
            },
            request: wire::request_text(request, is_kept),
            tokens: tokens(request, inside),
            reply: Some(wire::reply_text(reply)),
            curl: may_be_repeated.then(|| curl::line(request, self.server.issuer.origin())).flatten(),
            ..Step::default()
        }
    }
}

/// RFC 9449 sections 8 and 9: in the body of an authorization server, in a header of a resource.
fn demands_nonce(reply: &Answer) -> bool {
    let body: Value = serde_json::from_str(&reply.body).unwrap_or_default();
    let in_header = |(name, value): &(&str, _)| {
        *name == "www-authenticate" && AsRef::<str>::as_ref(value).contains("use_dpop_nonce")
    };
    body.get("error").is_some_and(|error| error == "use_dpop_nonce") || reply.headers.iter().any(in_header)
}

/// The JWTs in a request, decoded.
fn tokens(request: &Message<'_>, inside: Option<&str>) -> Vec<Decoded> {
    let field = |name| request.form().and_then(|form| form.field(name));
    let proof = request.header("dpop").map(|proof| Decoded::of("DPoP proof, decoded", proof, false));
    let assertion = field("client_assertion").map(|token| Decoded::of("client_assertion, decoded", &token, false));
    let object = field("request").map(|object| object_tokens(&object, inside));
    object.into_iter().flatten().chain(assertion).chain(proof).collect()
}

/// A request object, and what is inside if it is encrypted.
pub(super) fn object_tokens(object: &str, inside: Option<&str>) -> Vec<Decoded> {
    match inside {
        Some(inside) => vec![
            Decoded::of("request, encrypted: all that is legible", object, true),
            Decoded::of("request, as it was before", inside, true),
        ],
        None => vec![Decoded::of("request, decoded", object, true)],
    }
}

//! The spans of operations and their steps.

use std::{
    collections::HashMap,
    fmt::{Debug, Write as _},
    future::poll_fn,
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use parjar::{
    Client, ClientRegistry, FetchedJwks, FormRequest, InMemoryRegistry, JwksError, JwksSource, ParEndpoint, Policy,
    RegistryError,
};
use serde_json::json;
use tracing::{
    Id, Span, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Record},
};
use tracing_subscriber::{
    Layer,
    layer::{Context as LayerContext, SubscriberExt as _},
    registry::LookupSpan,
    util::SubscriberInitExt as _,
};

use crate::{
    host::{builder, open, push},
    support::{CALLBACK, FORM, ISSUER, Server, authorization, basic, client, code_request, form, request_uri},
    tokens::{ES256_KEY, assertion, decryption_key, encrypt, object, public_half, signer, with_assertion},
};

/// The spans that were made, in their order, as lines that are indented below their parents.
#[derive(Clone, Default)]
struct Tree(Arc<Mutex<HashMap<u64, usize>>>, Arc<Mutex<Vec<String>>>);

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Tree {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: LayerContext<'_, S>) {
        let span = context.span(id).unwrap();
        let depth = span.scope().count() - 1;
        let mut lines = self.1.lock().unwrap();
        let mut line = format!("{}{}", "  ".repeat(depth), span.name());
        assert_eq!(span.metadata().target(), "parjar");
        attributes.record(&mut Fields(&mut line));
        self.0.lock().unwrap().insert(id.into_u64(), lines.len());
        lines.push(line);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: LayerContext<'_, S>) {
        let number = self.0.lock().unwrap()[&id.into_u64()];
        values.record(&mut Fields(&mut self.1.lock().unwrap()[number]));
    }
}

/// The tree of spans of `work`.
fn spans(work: impl FnOnce()) -> Vec<String> {
    let tree = Tree::default();
    let guard = tracing_subscriber::registry().with(tree.clone()).set_default();
    work();
    drop(guard);
    tree.1.lock().unwrap().drain(..).collect()
}

struct Keys;

impl JwksSource for Keys {
    async fn fetch(&self, _: &str) -> Result<FetchedJwks, JwksError> {
        Ok(FetchedJwks::new(json!({ "keys": [ES256_KEY.public()] }).to_string()))
    }
}

#[test]
fn a_login_is_a_span_for_each_operation_and_one_in_it_for_each_step() {
    let par = builder(ISSUER).build().unwrap();
    let spans = spans(|| {
        let handle = request_uri(&push(&par, "basic", &code_request(&[("state", "canary"), ("login_hint", "canary")])));
        let pending = open(&par, &handle, Some("canary")).unwrap();
        let granted = pollster::block_on(par.complete(&pending)).unwrap();
        crate::host::respond(&granted, [("code", "canary")]);
        pollster::block_on(par.annotate(&pending, b"canary")).unwrap_err();
    });
    assert_eq!(
        spans,
        [
            "push",
            "  look_up",
            "  authentication",
            "  validation",
            "  store",
            "authorize",
            "  look_up",
            "  store",
            "  validation",
            "complete",
            "  store",
            "respond",
            "  response",
            "authorize reason=\"spent_request_uri\"",
            "  store",
        ]
    );
}

#[test]
fn fetching_keys_and_decrypting_are_spans_where_they_happen() {
    let key = decryption_key("P-256", "p256");
    let keys = parjar::jose::DecryptionKeys::parse(&json!({ "keys": [key] }).to_string()).unwrap();
    let registration = json!({
        "client_id": "uri", "token_endpoint_auth_method": "private_key_jwt",
        "jwks_uri": "https://client.example.com/jwks", "redirect_uris": [CALLBACK],
    });
    let server = Server::built(Policy::oauth(), [registration, signer("basic")], Default::default(), |builder| {
        builder.jwks_source(Keys).decryption_keys(keys)
    });
    let header = json!({ "alg": "ECDH-ES", "enc": "A128GCM", "kid": "p256" });
    let object = encrypt(&header, object("uri", json!({})).as_bytes(), &public_half(&key));
    let assertion = assertion("uri", json!({}));
    let mut pairs = with_assertion(&assertion).to_vec();
    pairs.push(("request", &object));
    let spans = spans(|| {
        server.try_form(&form(pairs)).unwrap();
    });
    assert_eq!(
        spans,
        [
            "push",
            "  look_up",
            "  authentication",
            "    keys",
            "  request_object",
            "    decryption",
            "    keys",
            "  validation",
            "  store",
        ]
    );
}

#[test]
fn a_refusal_leaves_its_reason_on_the_span_and_nothing_of_the_request() {
    let par = builder(ISSUER).build().unwrap();
    let spans = spans(|| {
        push(&par, "canary", "canary=canary");
        let authorization = authorization("basic", "canary");
        let headers = [("content-type", FORM.as_bytes()), ("authorization", authorization.as_bytes())];
        let request = FormRequest::new("POST", headers, "token=canary");
        let revocation = parjar::HostEndpoint::Revocation;
        pollster::block_on(par.authenticate_client_at(revocation, &request)).unwrap_err();
    });
    assert_eq!(
        spans,
        [
            "push reason=\"unknown_client\"",
            "  look_up",
            "  authentication",
            "host_endpoint endpoint=\"revocation\" reason=\"wrong_secret\"",
            "  look_up",
            "  authentication",
        ]
    );
}

/// A registry that has to wait once.
#[derive(Clone)]
struct Waits(InMemoryRegistry);

impl ClientRegistry for Waits {
    async fn client(&self, client_id: &str) -> Result<Option<Arc<Client>>, RegistryError> {
        let mut has_waited = false;
        poll_fn(|_| if std::mem::replace(&mut has_waited, true) { Poll::Ready(()) } else { Poll::Pending }).await;
        self.0.client(client_id).await
    }
}

#[test]
fn an_operation_that_waits_leaves_its_spans_to_no_other() {
    let registry = Waits(InMemoryRegistry::new([client(basic("basic"))]).unwrap());
    let par = ParEndpoint::builder(ISSUER).clients(registry).build().unwrap();
    let spans = spans(|| {
        let (authorization, body) = (authorization("basic", "s3cret"), code_request(&[]));
        let headers = [("content-type", FORM.as_bytes()), ("authorization", authorization.as_bytes())];
        let request = FormRequest::new("POST", headers, &body);
        let (mut one, mut other) = (pin!(par.push(&request)), pin!(par.push(&request)));
        let mut context = Context::from_waker(Waker::noop());
        assert!(one.as_mut().poll(&mut context).is_pending());
        assert!(Span::current().is_none());
        assert!(other.as_mut().poll(&mut context).is_pending());
        assert!(Span::current().is_none());
        assert!(one.as_mut().poll(&mut context).is_ready());
        assert!(other.as_mut().poll(&mut context).is_ready());
    });
    let rest = ["  authentication", "  validation", "  store"];
    let [begun, rest] = [["push", "  look_up"].repeat(2), rest.repeat(2)];
    assert_eq!(spans, [begun, rest].concat());
}

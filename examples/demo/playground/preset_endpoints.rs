//! The endpoints of the servers beside the main one, under `/playground/as/NAME/`: what the main one has at the top.

use std::sync::Arc;

use super::{Playground, flow, preset::PATH};
use crate::demo::{
    http::message::{Answer, Message},
    server::{Server, discovery, push, resource, token_endpoint},
};

const OAUTH_METADATA: &str = ".well-known/oauth-authorization-server";
const OPENID_METADATA: &str = ".well-known/openid-configuration";

/// `path` is what comes after [`PATH`].
pub(super) async fn answer(playground: &Playground, path: &str, message: &Message<'_>) -> Answer {
    let (name, endpoint) = path.split_once('/').unwrap_or((path, ""));
    let Some(server) = server(playground, name) else { return Answer::not_found() };
    let method = if message.method == "HEAD" { "GET" } else { message.method };
    match (method, endpoint) {
        // Every method, because the library answers the wrong ones as well.
        (_, "authorize/par") => push::answer(server, message).await,
        ("GET" | "POST", "authorize") => flow::open(playground, server, message).await,
        ("POST", "token") => token_endpoint::answer(server, message).await,
        ("GET", "resource") => resource::answer(server, message).await,
        ("GET", OAUTH_METADATA | OPENID_METADATA) => discovery::metadata(server),
        ("GET", "jwks") => discovery::jwks(server),
        (_, "authorize") => Answer::method_not_allowed("GET,HEAD,POST"),
        (_, "token") => Answer::method_not_allowed("POST"),
        (_, "resource" | "jwks" | OAUTH_METADATA | OPENID_METADATA) => Answer::method_not_allowed("GET,HEAD"),
        _ => Answer::not_found(),
    }
}

/// `GET /.well-known/oauth-authorization-server/playground/as/NAME`, where RFC 8414 section 3.1 has the metadata of an issuer
/// with a path.
pub(crate) fn metadata(playground: &Playground, message: &Message<'_>) -> Answer {
    let name = message.path.rsplit_once(PATH).map_or("", |(_, name)| name);
    server(playground, name).map_or_else(Answer::not_found, |server| discovery::metadata(server))
}

fn server<'a>(playground: &'a Playground, name: &str) -> Option<&'a Arc<Server>> {
    playground.presets.iter().find(|preset| !name.is_empty() && preset.name == name).map(|preset| &preset.server)
}

//! The surroundings of an endpoint: its URLs, its store, its clock, and who watches it.

use super::Endpoint;
use crate::{
    lint::{
        LintRule,
        Severity::{Dangerous, Note},
        profiles::ALL,
    },
    policy::Profile,
};

pub(super) fn rules<'a>() -> Vec<LintRule<Endpoint<'a>>> {
    vec![
        LintRule {
            severity: Dangerous,
            label: "nonce_key_not_shared",
            member: "dpop_nonce_key",
            profiles: ALL,
            broken: |it| it.parts.has_random_nonce_key && it.shares_its_store,
            requirement: "processes that share a store need one nonce key, or each refuses the nonces of the others (RFC 9449 \
                          section 8)",
        },
        LintRule {
            severity: Note,
            label: "store_not_shared",
            member: "store",
            profiles: ALL,
            broken: |it| it.parts.host.has_keys_of_nodes && !it.shares_its_store,
            requirement: "there are keys for several nodes, and the store is of this process alone: another node would not know its \
                          requests",
        },
        LintRule {
            severity: Note,
            label: "no_observer",
            member: "observer",
            profiles: ALL,
            broken: |it| it.parts.observers.is_empty(),
            requirement: "nobody is told of refusals, nor of the causes of faults of this side",
        },
        LintRule {
            severity: Note,
            label: "no_metadata_documents",
            member: "clients",
            profiles: &[Profile::Atproto],
            broken: |it| !it.parts.has_metadata_documents,
            requirement: "clients of the AT Protocol are URLs of documents, and the registry finds none of these",
        },
        LintRule {
            severity: Note,
            label: "no_token_endpoint",
            member: "token_endpoint",
            profiles: ALL,
            broken: |it| it.parts.urls.token.url.is_none(),
            requirement: "the metadata must name the token endpoint (RFC 8414 section 2), and DPoP proofs that come to it are refused \
                          while its URL is unknown (RFC 9449 section 4.3)",
        },
        LintRule {
            severity: Note,
            label: "url_over_http",
            member: "issuer",
            profiles: ALL,
            broken: has_url_over_http,
            requirement: "an issuer or an endpoint over http is for development on one machine (RFC 8414 section 2)",
        },
        LintRule {
            severity: Note,
            label: "host_endpoint_without_url",
            member: "mtls_host_endpoint",
            profiles: ALL,
            broken: |it| {
                let token = std::iter::once(&it.parts.urls.token);
                let mut endpoints = token.chain(it.parts.urls.hosts.iter().map(|(_, urls)| urls));
                endpoints.any(|urls| urls.url.is_none() && urls.mtls_alias.is_some())
            },
            requirement: "an alias is another URL of an endpoint (RFC 8705 section 5), whose own URL was not given",
        },
        LintRule {
            severity: Note,
            label: "clock_of_the_host",
            member: "clock",
            profiles: ALL,
            broken: |it| it.parts.host.has_clock_of_its_own,
            requirement: "dates of tokens are held against a clock that is not the system's",
        },
        LintRule {
            severity: Note,
            label: "random_of_the_host",
            member: "random",
            profiles: ALL,
            broken: |it| it.parts.host.has_random_of_its_own,
            requirement: "handles are drawn by a generator that is not the system's: an attacker who can guess its output takes over \
                          logins",
        },
    ]
}

fn has_url_over_http(it: &Endpoint<'_>) -> bool {
    let urls = &it.parts.urls;
    let push = &urls.pushed_authorization_request;
    let own = [Some(&*it.parts.server.issuer), Some(&urls.authorization), Some(&push.url), push.mtls_alias.as_deref()];
    let hosts = urls.hosts.iter().map(|(_, urls)| urls).chain([&urls.token]).flat_map(|urls| urls.urls());
    own.into_iter().chain(hosts).flatten().any(|url| url.starts_with("http:"))
}

//! Client certificates (RFC 8705): what is offered, and whether the host asks for them.

use super::{Endpoint, Registered};
use crate::{
    client::Client,
    lint::{LintRule, Severity::Note, profiles::ALL},
};

pub(super) fn rules<'a>() -> Vec<LintRule<Endpoint<'a>>> {
    vec![
        LintRule {
            severity: Note,
            label: "certificates_not_asked_for",
            member: "asks_for_client_certificates",
            profiles: ALL,
            broken: |it| it.offers_certificates() && !it.asks_for_certificates(),
            requirement: "the metadata offers methods or tokens with client certificates, and the host has named no URL where it asks \
                          for them: set asks_for_client_certificates or mtls_ URLs, or take tls_client_auth, \
                          self_signed_tls_client_auth and tls_client_certificate_bound_access_tokens out of the policy",
        },
        LintRule {
            severity: Note,
            label: "mtls_endpoint_without_effect",
            member: "mtls_pushed_authorization_request_endpoint",
            profiles: ALL,
            broken: |it| it.has_alias() && !it.offers_certificates(),
            requirement: "there is another URL for clients with certificates, and the policy offers nothing that needs one (RFC 8705 \
                          section 5)",
        },
        LintRule {
            severity: Note,
            label: "mtls_endpoint_missing",
            member: "mtls_token_endpoint",
            profiles: ALL,
            broken: |it| {
                let urls = &it.parts.urls;
                let pushes = it.policy.pushed_authorization_requests;
                let has_push = urls.pushed_authorization_request.mtls_alias.is_some() || !pushes;
                let misses_token = urls.token.url.is_some() && urls.token.mtls_alias.is_none();
                it.has_alias() && !it.parts.host.asks_for_client_certificates && (!has_push || misses_token)
            },
            requirement: "a client with a certificate uses the alias of an endpoint where there is one, and the endpoint itself \
                          otherwise (RFC 8705 section 5), where it is not asked for its certificate: the PAR endpoint and the token \
                          endpoint both need one",
        },
    ]
}

pub(super) fn of_clients<'a>() -> Vec<LintRule<Registered<'a>>> {
    vec![LintRule {
        severity: Note,
        label: "client_certificate_not_asked_for",
        member: "token_endpoint_auth_method",
        profiles: ALL,
        broken: |it| needs_certificate(it.client) && !it.at.asks_for_certificates(),
        requirement: "the client authenticates or binds its tokens with a certificate, which the host does not ask for as far as the \
                      endpoint knows (asks_for_client_certificates, mtls_ URLs)",
    }]
}

impl Endpoint<'_> {
    /// Returns `true` if the metadata says that certificates are good for something.
    fn offers_certificates(&self) -> bool {
        let mut methods = self.policy.token_endpoint_auth_methods_supported.iter();
        self.policy.tls_client_certificate_bound_access_tokens || methods.any(|method| method.uses_certificate())
    }

    fn asks_for_certificates(&self) -> bool {
        self.parts.host.asks_for_client_certificates || self.has_alias()
    }

    /// Returns `true` if an endpoint has another URL for clients with certificates.
    fn has_alias(&self) -> bool {
        let urls = &self.parts.urls;
        let hosts = urls.hosts.iter().map(|(_, urls)| &urls.mtls_alias);
        [&urls.pushed_authorization_request.mtls_alias, &urls.token.mtls_alias]
            .into_iter()
            .chain(hosts)
            .any(Option::is_some)
    }
}

fn needs_certificate(client: &Client) -> bool {
    client.binds_tokens_to_certificate() || client.methods().iter().any(|method| method.uses_certificate())
}

//! Discovery: the part of the authorization server metadata (RFC 8414) that this library answers for.

use serde_json::{Map, Value, json};

use super::ParEndpoint;
use crate::{
    jose::SigningAlgorithm,
    protocol::{authentication_method::AuthenticationMethod, host_endpoint::HostEndpoint, response_type::ResponseMode},
};

impl<C, S> ParEndpoint<C, S> {
    /// Members of the metadata document, for the host to add its own to. They are read off the settings that are enforced, so
    /// that discovery cannot promise anything else, and what only the host can know is not among them: `jwks_uri`,
    /// `grant_types_supported`, and all about ID tokens, for instance. (A document without `grant_types_supported` says
    /// `authorization_code` and `implicit`, RFC 8414 section 2.)
    ///
    /// ```
    /// use parjar::{InMemoryRegistry, ParEndpoint};
    /// use serde_json::{Map, Value, json};
    ///
    /// let par = ParEndpoint::builder("https://as.example.com").clients(InMemoryRegistry::default()).build()?;
    /// let mut document: Map<String, Value> = par.metadata();
    /// document.insert("jwks_uri".to_owned(), json!("https://as.example.com/jwks"));
    /// document.insert("grant_types_supported".to_owned(), json!(["authorization_code", "refresh_token"]));
    /// # Ok::<_, parjar::BuildError>(())
    /// ```
    #[must_use]
    pub fn metadata(&self) -> Map<String, Value> {
        let policy = self.policy();
        let mut document = Map::new();
        let mut put = |name: &str, value: Value| {
            document.insert(name.to_owned(), value);
        };
        put("issuer", json!(self.issuer()));
        put("authorization_endpoint", json!(self.authorization_endpoint()));
        if policy.pushed_authorization_requests {
            put("pushed_authorization_request_endpoint", json!(self.pushed_authorization_request_endpoint()));
            put("require_pushed_authorization_requests", json!(policy.require_pushed_authorization_requests));
        }
        if let Some(url) = &self.parts.urls.token.url {
            put("token_endpoint", json!(url));
        }
        let aliases = self.mtls_endpoint_aliases();
        if !aliases.is_empty() {
            put("mtls_endpoint_aliases", json!(aliases));
        }
        if policy.tls_client_certificate_bound_access_tokens {
            put("tls_client_certificate_bound_access_tokens", json!(true));
        }
        put("request_parameter_supported", json!(policy.request_parameter_supported));
        put("request_uri_parameter_supported", json!(false));
        put("require_signed_request_object", json!(policy.require_signed_request_object));
        if policy.request_parameter_supported {
            let signing = &policy.request_object_signing_alg_values_supported;
            put("request_object_signing_alg_values_supported", json!(signing));
            let algorithms = self.parts.objects.encryption_algorithms();
            if !algorithms.is_empty() {
                put("request_object_encryption_alg_values_supported", json!(algorithms));
                let encryptions = &policy.request_object_encryption_enc_values_supported;
                put("request_object_encryption_enc_values_supported", json!(encryptions));
            }
        }
        put("response_types_supported", json!(policy.response_types_supported));
        let signer = self.parts.answers.responder().signer();
        let (signed, plain): (Vec<ResponseMode>, Vec<ResponseMode>) =
            policy.response_modes_supported.iter().partition(|mode| mode.is_signed());
        match signer {
            Some(signer) if !signed.is_empty() => {
                put("response_modes_supported", json!(policy.response_modes_supported));
                put("authorization_signing_alg_values_supported", json!(signer.offered()));
            }
            _ => put("response_modes_supported", json!(plain)),
        }
        let (methods, signing) = (self.authentication_methods(), self.authentication_algorithms());
        put("token_endpoint_auth_methods_supported", json!(methods));
        if !signing.is_empty() {
            put("token_endpoint_auth_signing_alg_values_supported", json!(signing));
        }
        for (endpoint, urls) in &self.parts.urls.hosts {
            let (Some(names), Some(url)) = (Names::of(*endpoint), &urls.url) else { continue };
            put(names.url, json!(url));
            // Without them, RFC 8414 says `client_secret_basic`.
            if let Some(name) = names.methods {
                let is_accepted = |method: &&AuthenticationMethod| {
                    *endpoint != HostEndpoint::Introspection || **method != AuthenticationMethod::None
                };
                put(name, json!(methods.iter().filter(is_accepted).collect::<Vec<_>>()));
            }
            if let Some(name) = names.algorithms.filter(|_| !signing.is_empty()) {
                put(name, json!(signing));
            }
        }
        // A proof to a token endpoint without a URL is refused.
        if self.parts.urls.token.url.is_some() && !policy.dpop_signing_alg_values_supported.is_empty() {
            put("dpop_signing_alg_values_supported", json!(policy.dpop_signing_alg_values_supported));
        }
        if policy.offers_attestation() {
            let attestation = &policy.client_attestation;
            put("client_attestation_signing_alg_values_supported", json!(attestation.signing_alg_values_supported));
            put(
                "client_attestation_pop_signing_alg_values_supported",
                json!(attestation.pop_signing_alg_values_supported),
            );
            if let Some(url) = self.parts.authenticator.attestations.challenge_endpoint() {
                put("challenge_endpoint", json!(url));
            }
        }
        let mut challenges = vec!["S256"];
        if policy.danger_allow_plain_code_challenge {
            challenges.push("plain");
        }
        put("code_challenge_methods_supported", json!(challenges));
        put("authorization_response_iss_parameter_supported", json!(true));
        if self.parts.has_metadata_documents {
            put("client_id_metadata_document_supported", json!(true));
        }
        if let Some(scopes) = &policy.scopes_supported {
            put("scopes_supported", json!(scopes));
        }
        let types: Vec<&str> = self.parts.validator.detail_types.keys().map(|name| &**name).collect();
        if !types.is_empty() {
            put("authorization_details_types_supported", json!(types));
        }
        document
    }

    /// The aliases for clients with certificates (RFC 8705 section 5).
    fn mtls_endpoint_aliases(&self) -> Map<String, Value> {
        let urls = &self.parts.urls;
        let push = urls.pushed_authorization_request.mtls_alias.as_deref();
        let hosts = urls.hosts.iter().filter_map(|(endpoint, urls)| {
            let names = Names::of(*endpoint)?;
            Some((names.url, urls.mtls_alias.as_deref()))
        });
        let aliases = [
            ("pushed_authorization_request_endpoint", push.filter(|_| self.policy().pushed_authorization_requests)),
            ("token_endpoint", urls.token.mtls_alias.as_deref()),
        ];
        aliases.into_iter().chain(hosts).filter_map(|(name, url)| Some((name.to_owned(), json!(url?)))).collect()
    }

    fn authentication_methods(&self) -> Vec<AuthenticationMethod> {
        let policy = self.policy();
        let public = policy.danger_allow_unauthenticated_clients.then_some(AuthenticationMethod::None);
        policy.token_endpoint_auth_methods_supported.iter().copied().chain(public).collect()
    }

    /// The algorithms of assertions that a method is offered for.
    fn authentication_algorithms(&self) -> Vec<SigningAlgorithm> {
        let policy = self.policy();
        let is_usable = |algorithm: &SigningAlgorithm| {
            policy.offers_authentication_method(if algorithm.is_symmetric() {
                AuthenticationMethod::ClientSecretJwt
            } else {
                AuthenticationMethod::PrivateKeyJwt
            })
        };
        policy.token_endpoint_auth_signing_alg_values_supported.iter().copied().filter(is_usable).collect()
    }
}

/// The members about an endpoint of the host (RFC 8414 section 2, RFC 8628 section 4, OpenID Connect CIBA section 4).
struct Names {
    url: &'static str,
    methods: Option<&'static str>,
    algorithms: Option<&'static str>,
}

impl Names {
    fn of(endpoint: HostEndpoint) -> Option<Self> {
        let alone = |url| Some(Self { url, methods: None, algorithms: None });
        match endpoint {
            HostEndpoint::Revocation => Some(Self {
                url: "revocation_endpoint",
                methods: Some("revocation_endpoint_auth_methods_supported"),
                algorithms: Some("revocation_endpoint_auth_signing_alg_values_supported"),
            }),
            HostEndpoint::Introspection => Some(Self {
                url: "introspection_endpoint",
                methods: Some("introspection_endpoint_auth_methods_supported"),
                algorithms: Some("introspection_endpoint_auth_signing_alg_values_supported"),
            }),
            HostEndpoint::DeviceAuthorization => alone("device_authorization_endpoint"),
            HostEndpoint::BackchannelAuthentication => alone("backchannel_authentication_endpoint"),
            HostEndpoint::Other(_) => None,
        }
    }
}

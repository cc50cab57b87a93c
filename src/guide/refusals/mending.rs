//! How the client and the operator mend a refusal. Each reason has its hints: one without them does not compile.

mod parameters;
mod tokens;

use self::{
    parameters::{of_form, of_redirect_uri},
    tokens::of_fault,
};
use crate::error::Reason;

/// What the developer of the client does, and what the operator of the server does. Empty: nothing.
pub(super) struct Mending {
    pub(super) client: &'static str,
    pub(super) operator: &'static str,
}

fn by_client(client: &'static str) -> Mending {
    Mending { client, operator: "" }
}

fn by_operator(operator: &'static str) -> Mending {
    Mending { client: "", operator }
}

fn by_both(client: &'static str, operator: &'static str) -> Mending {
    Mending { client, operator }
}

const SAME_HANDLE: &str =
    "Push again, and use the new `request_uri` at once, with the `client_id` that pushed it. The user starts again.";

pub(super) fn of_reason(reason: Reason) -> Mending {
    match reason {
        Reason::MethodNotAllowed => by_client("Send a POST."),
        Reason::ContentType => {
            by_client("Send one `Content-Type: application/x-www-form-urlencoded`, without a charset or with UTF-8.")
        }
        Reason::ContentEncoding => by_client("Send the body uncompressed."),
        Reason::RepeatedHeader => by_both(
            "Send the header once.",
            "Look whether a proxy in front of the server adds a second `Authorization`, `DPoP` or `Content-Type`.",
        ),
        Reason::BodyBrokeOff => by_both(
            "Send as many bytes as `Content-Length` says.",
            "Look whether a proxy or a time limit ends connections.",
        ),
        Reason::ForeignForm => by_operator(
            "The user opens the page again. If it happens to all, look whether the page has `Referrer-Policy: no-referrer`, for which browsers keep \
             back the origin of its form; whether its cookie arrives; and whether the browser knows the server by the URL of the authorization endpoint.",
        ),
        Reason::QueryNotEmpty => by_both(
            "Put all parameters into the body, and none into the URL.",
            "Look whether a proxy adds a query. A query that is empty is fine.",
        ),
        Reason::PushSwitchedOff => by_both(
            "Send the request through the browser.",
            "Set [`pushed_authorization_requests`](crate::Policy::pushed_authorization_requests).",
        ),
        Reason::RequestUriPushed => by_client("Push the parameters themselves, or a `request` object."),
        Reason::MissingClientId => by_client("Send `client_id`, or credentials that name the client."),
        Reason::SeveralMethods => by_client("Send the registered kind of credentials alone."),
        Reason::HalfAssertion => by_client("Send both `client_assertion` and `client_assertion_type`."),
        Reason::AssertionType => {
            by_client("Send `client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer`.")
        }
        Reason::MalformedAuthorization => by_client(
            "Send `Authorization: Basic` and the base64 of `id:secret`, each part form-encoded first (RFC 6749 section 2.3.1).",
        ),
        Reason::ClientIdTooLong => by_both(
            "Look what is sent as `client_id`.",
            "Raise [`Limits::client_id`](crate::Limits::client_id) where identifiers are longer.",
        ),
        Reason::UnknownClient => by_both(
            "Compare `client_id` with the registered one, and the server with the one it is registered at.",
            "Look whether the registry of this issuer knows the client. A [`CachedRegistry`](crate::guide::clients) forgets after \
             its lifetime that there was none.",
        ),
        Reason::UnusableClient => by_operator(
            "Read the cause in [`Event::ClientUnusable`](crate::Event::ClientUnusable), and mend the registration that it names.",
        ),
        Reason::ClientMismatch => by_client("Send one `client_id`, in the body and in the credentials."),
        Reason::WrongMethod => by_both(
            "Authenticate by the registered method.",
            "Change `token_endpoint_auth_method`, or register two by `token_endpoint_auth_methods`.",
        ),
        Reason::MethodNotOffered => by_both(
            "Register a method that the metadata of the server offers.",
            "Add the method to [`token_endpoint_auth_methods_supported`](crate::Policy::token_endpoint_auth_methods_supported). \
             [`Policy::lint`](crate::Policy::lint) lists the clients that this is about.",
        ),
        Reason::WrongSecret => by_both(
            "Compare the secret with the registered one. One with `+` or `%` is form-encoded for HTTP Basic.",
            "For clients that do not encode it, set \
             [`accept_unencoded_basic_secrets`](crate::ClientRegistration::accept_unencoded_basic_secrets).",
        ),
        Reason::ExpiredSecret => by_both(
            "Use the present secret.",
            "Register a new secret beside the old one before that expires. See [rotation](crate::guide::clients#rotation).",
        ),
        Reason::MissingCredentials => by_both(
            "Send credentials.",
            "A public client needs \
             [`danger_allow_unauthenticated_clients`](crate::Policy::danger_allow_unauthenticated_clients), or it does not push.",
        ),
        Reason::MissingCertificate => by_both(
            "Connect with the client certificate, to the endpoint of `mtls_endpoint_aliases` where there is one.",
            "Hand the certificate in: [`with_client_certificate`](crate::FormRequest::with_client_certificate). Look whether the \
             proxy passes it on.",
        ),
        Reason::MalformedCertificate => by_operator(
            "Hand in the DER of the leaf alone, or read the header of the proxy by \
             [`ForwardedCertificate`](crate::ForwardedCertificate).",
        ),
        Reason::UnverifiedCertificate => by_both(
            "Use a certificate of an authority that the server trusts.",
            "Have the TLS stack verify the chain, and say so by \
             [`with_verified_chain`](crate::ClientCertificate::with_verified_chain).",
        ),
        Reason::CertificateSubject => by_both(
            "Compare the subject or the alternative name with the registered one.",
            "Register the present name. Where the text begins with the other end of the name, see \
             [`tls_client_auth_subject_dn_order`](crate::ClientRegistration::tls_client_auth_subject_dn_order).",
        ),
        Reason::UnregisteredCertificate => by_both(
            "Publish the key of the new certificate before it is used.",
            "Put the key into `jwks`. A key with `x5c` is good with that certificate alone.",
        ),
        Reason::CertificateKeysUnavailable => by_both(
            "Look whether the `jwks_uri` answers, with 200 and JSON.",
            "Read the cause in [`Event::KeysNotFetched`](crate::Event::KeysNotFetched).",
        ),
        Reason::StaleAttestation => by_client("Fetch a new attestation from the attester, and try again."),
        Reason::MissingAttestationChallenge | Reason::StaleAttestationChallenge => by_both(
            "Make a new proof with the challenge of the answer, and try again. Nothing was used up.",
            "If it is reported for the same client again and again: nodes have different keys. See \
             [`several_nodes`](crate::guide::several_nodes).",
        ),
        Reason::MissingDpopProof => by_both(
            "Send a `DPoP` header, or at a push `dpop_jkt`.",
            "A proxy must pass `DPoP` on. The demand comes from [`require_dpop`](crate::Policy::require_dpop) or from \
             `dpop_bound_access_tokens` of the registration.",
        ),
        Reason::MissingDpopNonce | Reason::StaleDpopNonce => by_both(
            "Make a new proof with the nonce of the `DPoP-Nonce` header, and try again. Nothing was used up.",
            "If it is reported for the same client again and again: nodes have different keys, or the client takes the nonce of \
             another server. See [`several_nodes`](crate::guide::several_nodes).",
        ),
        Reason::MalformedDpopJkt => {
            by_client("Send the SHA-256 thumbprint of the key (RFC 7638) in base64url without padding.")
        }
        Reason::UnknownTokenEndpoint => by_operator(
            "Tell the URL of the token endpoint: [`token_endpoint`](crate::ParEndpointBuilder::token_endpoint).",
        ),
        Reason::UnknownHostEndpoint => {
            by_operator("Tell the URL of that endpoint: [`host_endpoint`](crate::ParEndpointBuilder::host_endpoint).")
        }
        Reason::RequestNotSupported => by_both(
            "Send plain parameters.",
            "Set [`request_parameter_supported`](crate::Policy::request_parameter_supported).",
        ),
        Reason::BesideRequest => by_client(
            "Push `request`, `client_id` and credentials only; all other parameters are claims of the request object.",
        ),
        Reason::SignatureRequired => by_both(
            "Send a signed request object.",
            "The demand comes from [`require_signed_request_object`](crate::Policy::require_signed_request_object), of policy or \
             registration.",
        ),
        Reason::EncryptionRequired => by_both(
            "Encrypt the request object to a key at the `jwks_uri` of the server.",
            "The demand comes from [`require_encrypted_request_object`](crate::Policy::require_encrypted_request_object), of \
             policy or registration.",
        ),
        Reason::CodeOfOtherClient => by_client("Redeem a code with the `client_id` that has asked for it."),
        Reason::CodeOfOtherKey => by_client(
            "Redeem the code with the key or the certificate of the push. After a loss of the key, begin the login anew.",
        ),
        Reason::CodeOfOtherAuthenticationKey => by_client(
            "Authenticate with the key of the push until the session is over, and change keys between sessions.",
        ),
        Reason::CodeOfOtherRedirectUri => {
            by_client("Send the `redirect_uri` of the authorization request, byte for byte, if it had one.")
        }
        Reason::MissingCodeVerifier => by_client("Send the `code_verifier` whose digest was the `code_challenge`."),
        Reason::WrongCodeVerifier => by_client(
            "Keep one verifier for each login: a second login in another tab must not take the place of the first.",
        ),
        Reason::StrayCodeVerifier => by_both(
            "Send `code_challenge` with the authorization request.",
            "If the client has sent one, somebody took it off on the way: require pushed requests, or PKCE.",
        ),
        Reason::ForeignTarget => {
            by_operator("Answer with the endpoint of the issuer that has granted: the host mixes up its issuers.")
        }
        Reason::NoAuthorizationFlow => by_both(
            "Register `authorization_code` among `grant_types`.",
            "Change `grant_types` and `response_types` of the registration.",
        ),
        Reason::MissingResponseType => by_client("Send `response_type`, mostly `code`."),
        Reason::ResponseTypeNotOffered => by_both(
            "Use a type that the metadata offers, mostly `code`.",
            "Add it to [`response_types_supported`](crate::Policy::response_types_supported).",
        ),
        Reason::ResponseTypeNotRegistered => by_both(
            "Use a registered type.",
            "Add it to `response_types` of the registration, with the grant types for it.",
        ),
        Reason::ResponseMode => by_both(
            "Use a mode that the metadata offers and that suits the response type; never `query` with a token in the response.",
            "A signed mode needs a [`response_signer`](crate::ParEndpointBuilder::response_signer), in the algorithm that the \
             client registered.",
        ),
        Reason::SignedResponseRequired => by_both(
            "Send `response_mode=jwt`.",
            "The demand comes from \
             [`require_signed_authorization_response`](crate::Policy::require_signed_authorization_response).",
        ),
        Reason::ResponseNotSigned => by_operator(
            "Read the cause in [`Event::ResponseNotSigned`](crate::Event::ResponseNotSigned). Revoke the code if one was issued.",
        ),
        Reason::MissingRedirectUri => by_both(
            "Send `redirect_uri`. OpenID Connect, FAPI, and clients with more than one registered URI need it.",
            "See [`require_redirect_uri`](crate::Policy::require_redirect_uri).",
        ),
        Reason::MalformedScope => {
            by_client("Separate scopes by single spaces; no quotes, backslashes or other characters outside ASCII.")
        }
        Reason::TooManyScopeTokens => {
            by_both("Ask for fewer scopes.", "Raise [`Limits::scope_tokens`](crate::Limits::scope_tokens).")
        }
        Reason::MissingScope => by_both("Send `scope`.", "See [`require_scope`](crate::Policy::require_scope)."),
        Reason::ScopeNotOffered => by_both(
            "Ask for scopes in `scopes_supported` of the metadata.",
            "Add it to [`scopes_supported`](crate::Policy::scopes_supported).",
        ),
        Reason::ScopeNotRegistered => by_both("Ask for registered scopes.", "Add it to `scope` of the registration."),
        Reason::ScopeRequired => by_both(
            "Ask for the scopes that the profile demands, such as `atproto`.",
            "See [`required_scopes`](crate::Policy::required_scopes).",
        ),
        Reason::MissingState => by_both("Send `state`.", "See [`require_state`](crate::Policy::require_state)."),
        Reason::MalformedState => by_client("Use printable ASCII: base64url of random bytes for instance."),
        Reason::MissingNonce => by_client("Send `nonce`, random for each request."),
        Reason::MissingCodeChallenge => by_both(
            "Use PKCE with S256.",
            "See [`require_code_challenge`](crate::Policy::require_code_challenge). Per-request redirect URIs need it in any case.",
        ),
        Reason::ChallengeMethodAlone => by_client("Send `code_challenge` too, or neither."),
        Reason::ChallengeMethod => by_client("Send `code_challenge_method=S256`. Without it, `plain` is meant."),
        Reason::MalformedCodeChallenge => {
            by_client("Send the SHA-256 of the verifier in base64url without padding: 43 characters.")
        }
        Reason::CodeChallengeReused => by_both(
            "Draw a new verifier for each request.",
            "See [`code_challenge_memory`](crate::Policy::code_challenge_memory).",
        ),
        Reason::IdTokenHint => by_both(
            "Leave `id_token_hint` out; send `login_hint` where that is accepted.",
            "See [`refuse_id_token_hint`](crate::Policy::refuse_id_token_hint).",
        ),
        Reason::PromptNone => by_client("Send `prompt=none` alone."),
        Reason::MalformedMaxAge => by_client("Send whole seconds."),
        Reason::MalformedClaims => {
            by_client("Send a JSON object with `userinfo` and `id_token`, whose members are `null` or objects.")
        }
        Reason::ClaimsTooDeep | Reason::AuthorizationDetailsTooDeep => {
            by_both("Send flatter JSON.", "Raise [`Limits::json_depth`](crate::Limits::json_depth).")
        }
        Reason::RegistrationNotSupported => by_client("Register the client before, and leave `registration` out."),
        Reason::MalformedResource => by_client("Send an absolute URI without `#`."),
        Reason::TooManyResources => {
            by_both("Ask for fewer resources.", "Raise [`Limits::resources`](crate::Limits::resources).")
        }
        Reason::TooManyAuthorizationDetails => by_both(
            "Send fewer objects.",
            "Raise [`Limits::authorization_details`](crate::Limits::authorization_details).",
        ),
        Reason::MalformedAuthorizationDetails => {
            by_client("Send a JSON array of objects, each with a `type` that is text.")
        }
        Reason::DetailTypeNotOffered => by_both(
            "Use a type in `authorization_details_types_supported` of the metadata.",
            "Make the type known: \
             [`authorization_details_type`](crate::ParEndpointBuilder::authorization_details_type).",
        ),
        Reason::DetailTypeNotRegistered => {
            by_both("Use a registered type.", "Add it to `authorization_details_types` of the registration.")
        }
        Reason::PerRequestRedirectUriFlow => by_client("Send `response_type=code`, or a registered `redirect_uri`."),
        Reason::PerRequestRedirectUriMode => {
            by_client("Send `response_mode=query` or `form_post`, or a registered `redirect_uri`.")
        }
        Reason::PushRequired => by_both(
            "Push the request, and send the browser with the `request_uri`.",
            "The demand comes from \
             [`require_pushed_authorization_requests`](crate::Policy::require_pushed_authorization_requests), of policy or \
             registration.",
        ),
        Reason::RequestAndRequestUri => by_client("Send one of the two."),
        Reason::ExternalRequestUri => by_client("Push the request object; the server fetches none."),
        Reason::MalformedRequestUri => {
            by_client("Send the `request_uri` of the reply to the push, byte for byte, once form-encoded.")
        }
        Reason::UnknownRequestUri => by_both(
            "Push again. Send the browser at once: the `request_uri` is good for `expires_in` seconds.",
            "If fresh ones are unknown: nodes have different stores, issuers or prefixes, or the store loses what it has. See \
             [`stores`](crate::guide::stores).",
        ),
        Reason::AlreadyAnswered => by_operator(
            "Say so on the page: the user goes back to the app. It is what a second click shows where the first answer is on \
             another node. See [`logins`](crate::guide::logins#second-clicks).",
        ),
        Reason::SpentRequestUri => by_both(
            "Push again for each login. Do not reload a page after its form was sent.",
            "[`Event::Replayed`](crate::Event::Replayed) counts these: many of them for one client may be an attack.",
        ),
        Reason::RequestUriOfUnknownClient | Reason::RequestUriOfUnusableClient => by_both(
            SAME_HANDLE,
            "Look whether the client was taken out, or its registration was changed, after the push.",
        ),
        Reason::ForeignRequestUri => by_client(SAME_HANDLE),
        Reason::OtherBrowser => by_both(
            "Open the `request_uri` in one browser. A preview of links that runs scripts is one, too.",
            "Look whether the cookie comes back: `Secure` needs https, and a path or a domain may keep it away. See \
             [`logins`](crate::guide::logins).",
        ),
        Reason::UnreadableRecord => by_both(
            SAME_HANDLE,
            "Look for nodes of another version, or without the key of sealed records; if there are none, the store was tampered \
             with.",
        ),
        Reason::RedirectUriWithdrawn => by_both(
            "Push again, with a `redirect_uri` that is registered.",
            "Nothing, if the change of the registration was meant.",
        ),
        Reason::ClientLimit => by_both(
            "Push only when a user begins to log in, and wait for `Retry-After`.",
            "Raise the share of a client in [`MemoryLimits`](crate::store::MemoryLimits), if the client is honest.",
        ),
        Reason::StoreFull => by_both(
            "Wait for `Retry-After`.",
            "Alert on it: pushes fail. The cause in the log says which bound is reached. Look which clients push, and give the store more \
             room. See [sizing](crate::guide::stores#sizing).",
        ),
        Reason::StoreUnavailable => by_both(
            "Wait for `Retry-After`.",
            "Read the cause in the log. See [outages](crate::guide::stores#outages).",
        ),
        Reason::RegistryUnavailable => by_both(
            "Wait for `Retry-After`.",
            "Read the cause in the log: the registry of the host has failed. `CachedRegistry` goes on with what it knows.",
        ),
        Reason::SecretVerifierUnavailable => by_both(
            "Wait for `Retry-After`.",
            "Read the cause in the log: the host's [`SecretVerifier`](crate::SecretVerifier) has failed.",
        ),
        Reason::RandomSource => {
            by_operator("Read the cause in the log: the generator of the system, or the host's, has failed.")
        }
        Reason::Form(error) => of_form(error),
        Reason::RedirectUri(error) => of_redirect_uri(error),
        Reason::ClientAssertion(fault)
        | Reason::RequestObject(fault)
        | Reason::DpopProof(fault)
        | Reason::ClientAttestation(fault)
        | Reason::AttestationProof(fault) => of_fault(fault),
        Reason::Host(_) => {
            by_operator("It is the host's own: see where it makes this [`Rejection`](crate::Rejection).")
        }
    }
}

//! How the client and the operator mend a refusal. Each reason has its hints: one without them does not compile.

use crate::{
    error::Reason,
    jose::TokenFault,
    protocol::{form_error::FormError, redirect_uri::RedirectUriError},
};

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
            "Alert on it: pushes fail. Look which clients push, and give the store more room. See \
             [sizing](crate::guide::stores#sizing).",
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

fn of_form(error: FormError) -> Mending {
    match error {
        FormError::TooLarge => by_both("Send less.", "Raise [`Limits::body`](crate::Limits::body)."),
        FormError::MalformedEncoding => by_client("Encode `%` as `%25`, and let a library write the form."),
        FormError::NotUtf8 => by_client("Encode text as UTF-8 before it is percent-encoded."),
        FormError::ControlCharacter => by_client("Leave control characters out."),
        FormError::MalformedName => by_client("Give each value a name, and the body no byte order mark."),
        FormError::DuplicateParameter => by_client("Send each parameter once; `resource` alone may be repeated."),
        FormError::TooManyParameters => {
            by_both("Send fewer parameters.", "Raise [`Limits::parameters`](crate::Limits::parameters).")
        }
        FormError::NameTooLong => by_both("Use shorter names.", "Raise [`Limits::name`](crate::Limits::name)."),
        FormError::ValueTooLong => by_both(
            "Send shorter values.",
            "Raise [`value`](crate::Limits::value), [`json_value`](crate::Limits::json_value) or \
             [`request_object`](crate::Limits::request_object) of the limits.",
        ),
    }
}

fn of_redirect_uri(error: RedirectUriError) -> Mending {
    match error {
        RedirectUriError::Empty => by_client("Send the registered URI."),
        RedirectUriError::TooLong => by_client("Keep what is long in `state` or in a session."),
        RedirectUriError::Lexical => {
            by_client("Percent-encode what is not allowed in a URI, and register it in the same form.")
        }
        RedirectUriError::Fragment => by_client("Leave `#` and what follows out."),
        RedirectUriError::Unparsable => by_client("Send an absolute URI, with scheme and host."),
        RedirectUriError::UserInfo => by_client("Leave `user@` out."),
        RedirectUriError::Scheme => by_both(
            "Use https; on the user's own machine http on `127.0.0.1` or `[::1]`; in apps a scheme such as `com.example.app`.",
            "Schemes without a dot need \
             [`danger_allow_redirect_uri_schemes_without_dot`](crate::Policy::danger_allow_redirect_uri_schemes_without_dot).",
        ),
        RedirectUriError::NotCanonical => by_client(
            "Send it as a browser writes it: host in lower case, no default port, a path that begins with `/`, no `..`.",
        ),
        RedirectUriError::Different => by_both(
            "Send one of the registered URIs, byte for byte; a trailing `/` counts.",
            "Register the URI, or see [`redirect_uris`](crate::guide::redirect_uris) for what else can be allowed.",
        ),
        RedirectUriError::NotLoopback | RedirectUriError::OtherHost | RedirectUriError::PortZero => by_both(
            "Listen on `127.0.0.1` or `[::1]`, as registered, on a port that is not 0.",
            "The port may differ for native clients. For `localhost` see \
             [`allow_localhost_redirect_uris_on_any_port`](crate::Policy::allow_localhost_redirect_uris_on_any_port).",
        ),
        RedirectUriError::OtherPath | RedirectUriError::OtherQuery => {
            by_both("Send path and query as registered.", "Register this path or query as well.")
        }
        RedirectUriError::OtherOrigin => {
            by_both("Stay on scheme, host and port of a registered URI.", "Register a URI of this origin.")
        }
        RedirectUriError::AmbiguousPath => by_client("Write the path without `%2F`, `%5C`, `.`, `..` and `//`."),
        RedirectUriError::ResponseParameter => {
            by_client("Leave `code`, `state`, `iss`, `error` and their kin out of the query.")
        }
        RedirectUriError::UnregistrableHost => by_client("Use a host without `*` and without a dot at its end."),
        RedirectUriError::Wildcard => by_both(
            "Register each URI.",
            "Patterns are [`danger_redirect_uri_patterns`](crate::ClientRegistration::danger_redirect_uri_patterns).",
        ),
    }
}

fn of_fault(fault: TokenFault) -> Mending {
    match fault {
        TokenFault::TooLarge => by_both(
            "Send less in the token: no certificates, fewer claims.",
            "Raise [`value`](crate::Limits::value) or [`request_object`](crate::Limits::request_object) of the limits.",
        ),
        TokenFault::Malformed => {
            by_client("Send one compact JWS or JWE: base64url without padding, JSON without repeated members.")
        }
        TokenFault::Critical => by_client("Leave `crit` out."),
        TokenFault::Unencoded => by_client("Leave `b64` out."),
        TokenFault::Compressed => by_client("Leave `zip` out."),
        TokenFault::KeyInHeader => by_both(
            "Name the registered key by `kid`, and leave `jwk`, `jku`, `x5c`, `x5t` and `x5u` out.",
            "See [`refuse_key_hints_in_token_headers`](crate::Policy::refuse_key_hints_in_token_headers).",
        ),
        TokenFault::Key => by_client(
            "Bring the public key as `jwk`, without private members: P-256, Ed25519, or RSA of 2048 bits or more.",
        ),
        TokenFault::OtherKey => {
            by_client("Use one key for the push, the token endpoint and the API, and send the `dpop_jkt` of that key.")
        }
        TokenFault::Missing => by_client("Send it."),
        TokenFault::Repeated => by_client("Send it once."),
        TokenFault::Type => by_client(
            "Set `typ` as the kind of token has it: `client-authentication+jwt`, `oauth-authz-req+jwt`, `dpop+jwt`, \
             `oauth-client-attestation+jwt` or `oauth-client-attestation-pop+jwt`.",
        ),
        TokenFault::Algorithm => by_both(
            "Sign with the registered algorithm, or with one that the metadata offers.",
            "RS256 and its kin, and MACs, are for clients that have registered them.",
        ),
        TokenFault::NoKey => by_both(
            "Publish the key before it is used, with the `kid` of the token.",
            "Look whether the keys of the client are up to date. An unknown `kid` is looked for at the `jwks_uri` once per \
             [cooldown](crate::JwksCacheLimits::cooldown).",
        ),
        TokenFault::KeysUnavailable => by_both(
            "Look whether the `jwks_uri` answers, with 200 and JSON.",
            "Read the cause in [`Event::KeysNotFetched`](crate::Event::KeysNotFetched). For attestations: the host's \
             [`AttesterKeys`](crate::attesters::AttesterKeys) has failed.",
        ),
        TokenFault::Signature => {
            by_client("Sign with the private key of the registered public one. ECDSA: 64 or 96 bytes, not DER.")
        }
        TokenFault::Decryption => by_both(
            "Encrypt to the present key at the `jwks_uri` of the server, with an algorithm of its metadata.",
            "Keep a replaced key in [`DecryptionKeys`](crate::jose::DecryptionKeys) until clients have the new one.",
        ),
        TokenFault::Nesting => by_client("Sign first, and then encrypt the signed token."),
        TokenFault::NotEncrypted => by_client("Encrypt what was signed."),
        TokenFault::Unauthenticated => by_both(
            "Push encrypted request objects.",
            "See [`danger_decrypt_request_objects_by_value`](crate::Policy::danger_decrypt_request_objects_by_value).",
        ),
        TokenFault::ClaimType => by_client("Send dates as numbers, and names as text."),
        TokenFault::Issuer => by_client("Set `iss` to the `client_id`."),
        TokenFault::Subject => {
            by_client("Set `sub` to the `client_id` in an assertion, and leave it out of a request object.")
        }
        TokenFault::Audience => by_both(
            "Set `aud` to the issuer, to the letter.",
            "For clients that send the URL of the endpoint, see \
             [`danger_allow_legacy_assertion_audience`](crate::ClientRegistration::danger_allow_legacy_assertion_audience).",
        ),
        TokenFault::ClientId => by_client("Set `client_id` in the request object to that of the request."),
        TokenFault::MissingExpiry => by_client("Set `exp`."),
        TokenFault::Expired => by_both(
            "Make a new token for each request, and set the clock by NTP.",
            "Look at [`clock_offset`](crate::Refusal::clock_offset) in the log: many clients with the same offset are a wrong \
             clock here.",
        ),
        TokenFault::NotYetValid => by_both(
            "Set the clock by NTP, or `iat` and `nbf` some seconds back.",
            "Look at [`clock_offset`](crate::Refusal::clock_offset) in the log. See \
             [`clock_leeway`](crate::Policy::clock_leeway).",
        ),
        TokenFault::MissingIssuedAt => by_client("Set `iat`."),
        TokenFault::MissingNotBefore => by_client("Set `nbf`."),
        TokenFault::Lifetime => by_both(
            "Let the token live shorter: a minute is enough.",
            "See the lifetimes in [`policies`](crate::guide::policies).",
        ),
        TokenFault::Id => by_client("Set `jti`: random, 1 to 256 bytes."),
        TokenFault::Replayed => by_client("Make a new token, with a new `jti`, for each request."),
        TokenFault::Method => by_client("Set `htm` to the method of the request, in capital letters."),
        TokenFault::TargetUri => by_both(
            "Set `htu` to the URL of the request, without query and fragment.",
            "Tell the URLs that clients see: [`token_endpoint`](crate::ParEndpointBuilder::token_endpoint) and its kin, not those \
             behind the proxy.",
        ),
        TokenFault::AccessToken => by_client("Set `ath` to the SHA-256 of the access token, in base64url."),
        TokenFault::ForeignClaim => by_client("Do not use one kind of token as another."),
        TokenFault::Nested => by_client("Leave `request` and `request_uri` out of a request object."),
        TokenFault::Credential => by_client("Send credentials beside the request object."),
        TokenFault::Parameter => {
            by_client("Send text as JSON text, numbers as numbers, `claims` and `authorization_details` as JSON.")
        }
        TokenFault::TooManyParameters => {
            by_both("Send fewer parameters.", "Raise [`Limits::parameters`](crate::Limits::parameters).")
        }
        TokenFault::NameTooLong => by_both("Use shorter names.", "Raise [`Limits::name`](crate::Limits::name)."),
        TokenFault::ValueTooLong => by_both(
            "Send shorter values.",
            "Raise [`value`](crate::Limits::value) or [`json_value`](crate::Limits::json_value) of the limits.",
        ),
        TokenFault::TooDeep => {
            by_both("Send flatter JSON.", "Raise [`Limits::json_depth`](crate::Limits::json_depth).")
        }
    }
}

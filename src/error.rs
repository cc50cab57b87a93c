//! Refusals: the reason for which a request was turned down, as a value that a host can count, and the text for its
//! sender.
//!
//! The text is fixed: nothing of the request, of the configuration or of an inner error ever gets into it.

mod code;
mod refusal;
mod rejection;
mod token_error;

use std::fmt;

pub use self::{
    code::{DenialCode, ErrorCode},
    refusal::Refusal,
    rejection::Rejection,
    token_error::{TokenError, TokenErrorCode},
};
use crate::{
    jose::TokenFault,
    protocol::{form_error::FormError, redirect_uri::RedirectUriError},
};

/// The one table of refusals: variant, label to count by, code, HTTP status at the PAR and token endpoints, public text. After
/// these, the reasons that have reasons of their own, each with all of them and the row of one.
macro_rules! reasons {
    (
        $($(#[doc = $doc:literal])* $variant:ident $label:literal $code:ident $status:literal $text:expr;)*
        { $($(#[doc = $outer_doc:literal])* $outer:ident($inner:ty) $all:expr, |$one:ident| $row:expr;)* }
    ) => {
        /// The reason for which a request was refused. `Display` gives a stable `snake_case` label, fit for a metric.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[doc = $doc])* $variant,)*
            $($(#[doc = $outer_doc])* $outer($inner),)*
        }

        impl Reason {
            /// Returns every reason, with those that are in others, so that a host can make its counters and alerts before the first
            /// refusal. The [rejections](Self::Host) of the host are not among them: the library does not know them.
            ///
            /// ```
            /// use parjar::Reason;
            ///
            /// let faults: Vec<&str> = Reason::all().filter(|reason| reason.status() >= 500).map(Reason::label).collect();
            /// assert!(faults.contains(&"store_unavailable"));
            /// ```
            pub fn all() -> impl Iterator<Item = Self> {
                let own: &[Self] = &[$(Self::$variant),*];
                let all = own.iter().copied();
                $(let all = all.chain($all.iter().copied().map(Self::$outer));)*
                all
            }

            fn row(self) -> (&'static str, ErrorCode, u16, &'static str) {
                match self {
                    $(Self::$variant => ($label, ErrorCode::$code, $status, $text),)*
                    $(Self::$outer($one) => $row,)*
                }
            }

            /// What the documentation says that it means, for the page about refusals.
            #[cfg(test)]
            pub(crate) fn meaning(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),*),)*
                    $(Self::$outer(_) => concat!($($outer_doc),*),)*
                }
            }
        }
    };
}

const AUTHENTICATION_FAILED: &str = "client authentication failed";
const USE_NONCE: &str = "the DPoP proof must have the nonce of the DPoP-Nonce header";
const USE_CHALLENGE: &str =
    "the proof of possession must have the challenge of the OAuth-Client-Attestation-Challenge header";
/// The rejections of hosts are known to hosts only.
const NO_REJECTIONS: &[Rejection] = &[];
const BAD_HANDLE: &str = "the request_uri is unknown, has expired or has been used";

reasons! {
    /// A method other than POST.
    MethodNotAllowed "method_not_allowed" InvalidRequest 405 "this endpoint takes POST requests only";
    /// Not exactly one `Content-Type` of `application/x-www-form-urlencoded` in UTF-8.
    ContentType "content_type" InvalidRequest 400 "the body must be application/x-www-form-urlencoded in UTF-8";
    /// The body has ended with an error before it was complete.
    BodyBrokeOff "body_broke_off" InvalidRequest 400 "the body broke off";
    /// The form of a decision that no page of this server has sent, or not to this browser: see
    /// [`ParEndpoint::decide`](crate::ParEndpoint::decide).
    ForeignForm "foreign_form" InvalidRequest 400 "this form was not sent from the page of this server";
    /// A `Content-Encoding`.
    ContentEncoding "content_encoding" InvalidRequest 400 "an encoded body is not supported";
    /// A repeated header that may occur once.
    RepeatedHeader "repeated_header" InvalidRequest 400 "a header is repeated";
    /// Parameters in the URL of an endpoint that reads its body only.
    QueryNotEmpty "query_not_empty" InvalidRequest 400 "parameters belong in the body, not in the URL";

    /// The policy has switched pushed requests off.
    PushSwitchedOff "push_switched_off" InvalidRequest 404 "pushed authorization requests are not offered";
    /// `request_uri` in a push (RFC 9126 section 2.1).
    RequestUriPushed "request_uri_pushed" InvalidRequest 400 "request_uri must not be pushed";
    /// Neither `client_id` nor credentials that name the client.
    MissingClientId "missing_client_id" InvalidRequest 400 "client_id is missing";
    /// More than one way of client authentication in one request (RFC 6749 section 2.3).
    SeveralMethods "several_authentication_methods" InvalidRequest 400 "more than one client authentication method is used";
    /// `client_assertion` without `client_assertion_type` or the other way round.
    HalfAssertion "half_assertion" InvalidRequest 400 "client_assertion and client_assertion_type belong together";
    /// A `client_assertion_type` other than that of JWTs (RFC 7523).
    AssertionType "client_assertion_type" InvalidRequest 400 "this client_assertion_type is not supported";
    /// An `Authorization` header that is not well-formed Basic.
    MalformedAuthorization "malformed_authorization" InvalidClient 401 AUTHENTICATION_FAILED;
    /// A `client_id` longer than [`Limits::client_id`](crate::Limits::client_id).
    ClientIdTooLong "client_id_too_long" InvalidClient 401 AUTHENTICATION_FAILED;
    /// No such client.
    UnknownClient "unknown_client" InvalidClient 401 AUTHENTICATION_FAILED;
    /// The registry knows the client, and it cannot be used:
    /// [`RegistryError::unusable_client`](crate::RegistryError::unusable_client). The cause is in
    /// [`Event::ClientUnusable`](crate::Event::ClientUnusable).
    UnusableClient "unusable_client" InvalidClient 401 AUTHENTICATION_FAILED;
    /// The credentials name one client and `client_id` another.
    ClientMismatch "client_mismatch" InvalidClient 401 AUTHENTICATION_FAILED;
    /// Not the method that the client registered.
    WrongMethod "wrong_authentication_method" InvalidClient 401 AUTHENTICATION_FAILED;
    /// A method that the policy does not offer.
    MethodNotOffered "authentication_method_not_offered" InvalidClient 401 AUTHENTICATION_FAILED;
    /// Not a secret of the client.
    WrongSecret "wrong_secret" InvalidClient 401 AUTHENTICATION_FAILED;
    /// A secret of the client that has expired.
    ExpiredSecret "expired_secret" InvalidClient 401 AUTHENTICATION_FAILED;
    /// No credentials from a client that has some, or from any client where the policy wants them.
    MissingCredentials "missing_credentials" InvalidClient 401 AUTHENTICATION_FAILED;
    /// No certificate from a client that authenticates with one.
    MissingCertificate "missing_certificate" InvalidClient 401 AUTHENTICATION_FAILED;
    /// A certificate above 8 KiB, or that is none.
    MalformedCertificate "malformed_certificate" InvalidClient 401 AUTHENTICATION_FAILED;
    /// A certificate whose chain the TLS stack has not verified, for `tls_client_auth`.
    UnverifiedCertificate "unverified_certificate" InvalidClient 401 AUTHENTICATION_FAILED;
    /// A certificate that does not name the registered subject.
    CertificateSubject "certificate_subject" InvalidClient 401 AUTHENTICATION_FAILED;
    /// A certificate with another key than those that are registered, or another one for the key.
    UnregisteredCertificate "unregistered_certificate" InvalidClient 401 AUTHENTICATION_FAILED;
    /// The keys at the `jwks_uri` of a client with a self-signed certificate cannot be had.
    CertificateKeysUnavailable "certificate_keys_unavailable" InvalidClient 401 AUTHENTICATION_FAILED;

    /// A good attestation that has expired, or is older than the policy wants.
    StaleAttestation "stale_attestation" UseFreshAttestation 400 "the client attestation is not fresh enough";
    /// A proof of possession of an attested key without a challenge, where the policy wants one.
    MissingAttestationChallenge "missing_attestation_challenge" UseAttestationChallenge 400 USE_CHALLENGE;
    /// A proof of possession of an attested key with a challenge that the server did not hand out lately.
    StaleAttestationChallenge "stale_attestation_challenge" UseAttestationChallenge 400 USE_CHALLENGE;

    /// No DPoP proof, and at the PAR and authorization endpoints no `dpop_jkt` either, where the policy or the registration
    /// wants one.
    MissingDpopProof "missing_dpop_proof" InvalidRequest 400 "a DPoP proof is required";
    /// A DPoP proof without a nonce, where the policy wants one (RFC 9449 section 8).
    MissingDpopNonce "missing_dpop_nonce" UseDpopNonce 400 USE_NONCE;
    /// A DPoP proof with a nonce that the server did not hand out lately.
    StaleDpopNonce "stale_dpop_nonce" UseDpopNonce 400 USE_NONCE;
    /// A `dpop_jkt` that is not 43 characters of base64url.
    MalformedDpopJkt "malformed_dpop_jkt" InvalidRequest 400 "the dpop_jkt is malformed";
    /// A DPoP proof came to the token endpoint of a host that has not told its URL
    /// ([`token_endpoint`](crate::ParEndpointBuilder::token_endpoint)), so the proof cannot be for it.
    UnknownTokenEndpoint "unknown_token_endpoint" InvalidDpopProof 400 "the DPoP proof is not acceptable";
    /// A DPoP proof came to another endpoint of a host that has not told its URL
    /// ([`host_endpoint`](crate::ParEndpointBuilder::host_endpoint)), so the proof cannot be for it.
    UnknownHostEndpoint "unknown_host_endpoint" InvalidDpopProof 400 "the DPoP proof is not acceptable";

    /// A code that was issued to another client.
    CodeOfOtherClient "code_of_other_client" InvalidGrant 400 "the code is unknown, has expired or has been used";
    /// A code that is bound to a key or a certificate that the client has not shown.
    CodeOfOtherKey "code_of_other_key" InvalidGrant 400 "the code is bound to another key or certificate";
    /// A code whose push was authenticated with another key of the client, where the profile binds codes to it (AT Protocol).
    CodeOfOtherAuthenticationKey "code_of_other_authentication_key" InvalidGrant 400
        "the code was asked for with another key of the client";
    /// A `redirect_uri` that is not that of the authorization request, or none where that had one.
    CodeOfOtherRedirectUri "code_of_other_redirect_uri" InvalidGrant 400
        "redirect_uri is not that of the authorization request";
    /// No `code_verifier` for a code whose request had a `code_challenge`.
    MissingCodeVerifier "missing_code_verifier" InvalidGrant 400 "code_verifier is missing";
    /// A `code_verifier` that does not answer the `code_challenge`.
    WrongCodeVerifier "wrong_code_verifier" InvalidGrant 400 "code_verifier does not fit the code_challenge";
    /// A `code_verifier` for a code whose request had no `code_challenge` (RFC 9700 section 4.8.2).
    StrayCodeVerifier "stray_code_verifier" InvalidGrant 400 "code_verifier does not fit the code_challenge";

    /// `request`: the policy has switched request objects off.
    RequestNotSupported "request_not_supported" RequestNotSupported 400 "request objects are not supported";
    /// Parameters of the request beside a pushed `request` (RFC 9126 section 3): there the request object is the only source.
    BesideRequest "parameters_beside_request" InvalidRequest 400 "parameters of the request belong in the request object";
    /// Plain parameters where a signed request object is required (RFC 9101 section 10.5).
    SignatureRequired "signature_required" InvalidRequest 400 "a signed request object is required";
    /// Plain parameters where an encrypted request object is required.
    EncryptionRequired "encryption_required" InvalidRequest 400 "an encrypted request object is required";

    /// A [`ResponseTarget`](crate::ResponseTarget) of another issuer.
    ForeignTarget "foreign_response_target" ServerError 500 "the server could not process the request";
    /// The client is registered for no flow of the authorization endpoint.
    NoAuthorizationFlow "no_authorization_flow" UnauthorizedClient 400 "this client may not use the authorization endpoint";
    /// No `response_type`.
    MissingResponseType "missing_response_type" InvalidRequest 400 "response_type is missing";
    /// A `response_type` that the policy does not offer, or that does not exist.
    ResponseTypeNotOffered "response_type_not_offered" UnsupportedResponseType 400 "this response_type is not supported";
    /// A `response_type` that the client did not register.
    ResponseTypeNotRegistered "response_type_not_registered" UnauthorizedClient 400 "this client may not use this response_type";
    /// A `response_mode` that is unknown, not offered or not safe with this response type, or one that is signed, in another way
    /// than the client is registered for.
    ResponseMode "response_mode" InvalidRequest 400 "this response_mode is not supported here";
    /// A `response_mode` without a signature where the policy wants signed responses (JARM).
    SignedResponseRequired "signed_response_required" InvalidRequest 400 "response_mode must be jwt or another that is signed";
    /// The host's [`ResponseSigner`](crate::ResponseSigner) could not sign the response.
    ResponseNotSigned "response_not_signed" ServerError 500 "the server could not process the request";
    /// No `redirect_uri` where one is required.
    MissingRedirectUri "missing_redirect_uri" InvalidRequest 400 "redirect_uri is missing";
    /// A `scope` that breaks the grammar of RFC 6749 section 3.3.
    MalformedScope "malformed_scope" InvalidScope 400 "the scope is malformed";
    /// More tokens in `scope` than [`Limits::scope_tokens`](crate::Limits::scope_tokens).
    TooManyScopeTokens "too_many_scope_tokens" InvalidScope 400 "there are too many tokens in the scope";
    /// No `scope` where the policy requires one ([`require_scope`](crate::Policy::require_scope)).
    MissingScope "missing_scope" InvalidRequest 400 "scope is missing";
    /// A scope that the policy does not offer.
    ScopeNotOffered "scope_not_offered" InvalidScope 400 "a scope is not supported";
    /// A scope that the client did not register.
    ScopeNotRegistered "scope_not_registered" InvalidScope 400 "this client may not ask for a scope";
    /// A request without a scope that the policy requires.
    ScopeRequired "scope_required" InvalidScope 400 "a scope that every request needs is missing";
    /// No `state` where the policy requires one.
    MissingState "missing_state" InvalidRequest 400 "state is missing";
    /// A `state` with characters outside %x20-7E.
    MalformedState "malformed_state" InvalidRequest 400 "the state contains characters that are not allowed";
    /// An `id_token` straight from the authorization endpoint needs a `nonce`, and so does every request with `openid` where the policy
    /// says so ([`require_nonce_or_state`](crate::Policy::require_nonce_or_state)).
    MissingNonce "missing_nonce" InvalidRequest 400 "nonce is missing";
    /// No `code_challenge` where PKCE is required.
    MissingCodeChallenge "missing_code_challenge" InvalidRequest 400 "code_challenge is missing";
    /// `code_challenge_method` without `code_challenge`.
    ChallengeMethodAlone "challenge_method_alone" InvalidRequest 400 "code_challenge_method needs a code_challenge";
    /// A `code_challenge_method` that is not offered; a missing one means `plain` (RFC 7636 section 4.3).
    ChallengeMethod "challenge_method" InvalidRequest 400 "code_challenge_method must be one that is supported, and plain is meant where it is missing";
    /// A `code_challenge` of the wrong length or alphabet.
    MalformedCodeChallenge "malformed_code_challenge" InvalidRequest 400 "the code_challenge is malformed";
    /// A `code_challenge` that its client has pushed before (RFC 9700 section 2.1.1).
    CodeChallengeReused "code_challenge_reused" InvalidRequest 400 "the code_challenge has been used before";
    /// `id_token_hint` where the policy refuses it.
    IdTokenHint "id_token_hint" InvalidRequest 400 "id_token_hint is not accepted";
    /// `prompt=none` together with another value.
    PromptNone "prompt_none" InvalidRequest 400 "prompt=none cannot be combined with other values";
    /// A `max_age` that is not a number of seconds.
    MalformedMaxAge "malformed_max_age" InvalidRequest 400 "max_age is not a number of seconds";
    /// A `claims` that is not the JSON of OpenID Connect Core section 5.5.
    MalformedClaims "malformed_claims" InvalidRequest 400 "the claims parameter is malformed";
    /// A `claims` that nests deeper than [`Limits::json_depth`](crate::Limits::json_depth).
    ClaimsTooDeep "claims_too_deep" InvalidRequest 400 "the claims parameter nests too deep";
    /// `registration` (self-issued providers only).
    RegistrationNotSupported "registration_not_supported" RegistrationNotSupported 400 "the registration parameter is not supported";
    /// A `resource` that is not an absolute URI without fragment.
    MalformedResource "malformed_resource" InvalidTarget 400 "a resource is not an absolute URI without fragment";
    /// More `resource` parameters than [`Limits::resources`](crate::Limits::resources).
    TooManyResources "too_many_resources" InvalidTarget 400 "there are too many resource parameters";
    /// More objects in `authorization_details` than [`Limits::authorization_details`](crate::Limits::authorization_details).
    TooManyAuthorizationDetails "too_many_authorization_details" InvalidAuthorizationDetails 400 "there are too many authorization_details";
    /// An `authorization_details` that nests deeper than [`Limits::json_depth`](crate::Limits::json_depth).
    AuthorizationDetailsTooDeep "authorization_details_too_deep" InvalidAuthorizationDetails 400 "the authorization_details nest too deep";
    /// An `authorization_details` that is not a JSON array of objects with a `type`.
    MalformedAuthorizationDetails "malformed_authorization_details" InvalidAuthorizationDetails 400 "the authorization_details are malformed";
    /// A type in `authorization_details` that the server does not know.
    DetailTypeNotOffered "detail_type_not_offered" InvalidAuthorizationDetails 400 "a type of authorization_details is not supported";
    /// A type in `authorization_details` that the client did not register.
    DetailTypeNotRegistered "detail_type_not_registered" InvalidAuthorizationDetails 400 "this client may not use a type of authorization_details";
    /// A `redirect_uri` that is good for a code alone, with another `response_type`: a per-request one, one of a private-use scheme
    /// without a dot, or one that a rule of the host accepts with PKCE alone.
    PerRequestRedirectUriFlow "per_request_redirect_uri_flow" InvalidRequest 400 "this redirect_uri needs response_type=code";
    /// Such a `redirect_uri`, with a `response_mode` that puts the code into the fragment.
    PerRequestRedirectUriMode "per_request_redirect_uri_mode" InvalidRequest 400 "this redirect_uri needs a response_mode other than fragment";

    /// Only a pushed request may start an authorization here.
    PushRequired "push_required" InvalidRequest 400 "this client must push its authorization requests";
    /// `request` and `request_uri` in one request (RFC 9101 section 5).
    RequestAndRequestUri "request_and_request_uri" InvalidRequest 400 "request and request_uri exclude each other";
    /// A `request_uri` that refers to another server.
    ExternalRequestUri "external_request_uri" RequestUriNotSupported 400 "request objects by reference are not supported";
    /// Not of the form that this library mints.
    MalformedRequestUri "malformed_request_uri" InvalidRequestUri 400 BAD_HANDLE;
    /// Never pushed, expired, or forgotten.
    UnknownRequestUri "unknown_request_uri" InvalidRequestUri 400 BAD_HANDLE;
    /// Spent before, by the browser that asks.
    AlreadyAnswered "already_answered" InvalidRequestUri 400 "this request has been answered already, in this browser";
    /// Spent before.
    SpentRequestUri "spent_request_uri" InvalidRequestUri 400 BAD_HANDLE;
    /// A `request_uri` with the name of a client that does not exist.
    RequestUriOfUnknownClient "request_uri_of_unknown_client" InvalidRequestUri 400 BAD_HANDLE;
    /// A `request_uri` with the name of a client that cannot be used.
    RequestUriOfUnusableClient "request_uri_of_unusable_client" InvalidRequestUri 400 BAD_HANDLE;
    /// Pushed by another client. A store that keeps requests by client, as `RedisStore` does, cannot tell: it is `UnknownRequestUri` then.
    ForeignRequestUri "foreign_request_uri" InvalidRequestUri 400 BAD_HANDLE;
    /// Opened by another browser before.
    OtherBrowser "other_browser" InvalidRequestUri 400 BAD_HANDLE;
    /// The stored record cannot be read: written by another version, or damaged.
    UnreadableRecord "unreadable_record" InvalidRequestUri 400 BAD_HANDLE;
    /// The `redirect_uri` was fine at the push; policy or registration have changed since (RFC 9126 section 7.4).
    RedirectUriWithdrawn "redirect_uri_withdrawn" InvalidRequestUri 400 BAD_HANDLE;

    /// The client has its share of the store in use.
    ClientLimit "client_limit" TemporarilyUnavailable 429 "this client has too many requests outstanding";
    /// The store is full.
    StoreFull "store_full" TemporarilyUnavailable 503 "too many requests are outstanding";
    /// The store did not answer.
    StoreUnavailable "store_unavailable" TemporarilyUnavailable 503 "the service is temporarily unavailable";
    /// The registry did not answer.
    RegistryUnavailable "registry_unavailable" TemporarilyUnavailable 503 "the service is temporarily unavailable";
    /// The host's [`SecretVerifier`](crate::SecretVerifier) could not tell.
    SecretVerifierUnavailable "secret_verifier_unavailable" TemporarilyUnavailable 503
        "the service is temporarily unavailable";
    /// The random source failed, or drew the same handle again and again.
    RandomSource "random_source" ServerError 500 "the server could not process the request";

    {
        /// The form, or the query, is not well-formed or exceeds a limit.
        Form(FormError) FormError::ALL, |error| {
            let status = if error == FormError::TooLarge { 413 } else { 400 };
            (error.label(), ErrorCode::InvalidRequest, status, error.description())
        };
        /// The `redirect_uri` fits no registered one, by this rule.
        RedirectUri(RedirectUriError) RedirectUriError::ALL, |error| {
            (error.label(), ErrorCode::InvalidRequest, 400, "the redirect_uri is not one this client may use")
        };
        /// The JWT that a client authenticates with is not good. Its sender is told no more than of any failed authentication.
        ClientAssertion(TokenFault) TokenFault::ALL, |fault| {
            (fault.assertion_label(), ErrorCode::InvalidClient, 401, AUTHENTICATION_FAILED)
        };
        /// The request object is not good. Its sender is told the same, whatever is wrong with it.
        RequestObject(TokenFault) TokenFault::ALL, |fault| {
            (fault.request_object_label(), ErrorCode::InvalidRequestObject, 400, "the request object is not acceptable")
        };
        /// The DPoP proof is not good. Its sender is told the same, whatever is wrong with it.
        DpopProof(TokenFault) TokenFault::ALL, |fault| {
            (fault.dpop_proof_label(), ErrorCode::InvalidDpopProof, 400, "the DPoP proof is not acceptable")
        };
        /// The attestation that a client authenticates with is not good. Its sender is told no more than of any failed
        /// authentication.
        ClientAttestation(TokenFault) TokenFault::ALL, |fault| {
            (fault.attestation_label(), ErrorCode::InvalidClient, 401, AUTHENTICATION_FAILED)
        };
        /// The proof that the sender of an attestation has the key in it is not good. Its sender is told no more than of any failed
        /// authentication.
        AttestationProof(TokenFault) TokenFault::ALL, |fault| {
            (fault.attestation_proof_label(), ErrorCode::InvalidClient, 401, AUTHENTICATION_FAILED)
        };
        /// A rule of the host refused the request.
        Host(Rejection) NO_REJECTIONS, |rejection| {
            (rejection.label, rejection.code, rejection.code.usual_status(), rejection.description)
        };
    }
}

impl Reason {
    /// Returns the label, as `Display` shows it.
    #[must_use]
    pub fn label(self) -> &'static str {
        self.row().0
    }

    /// Returns the `error` value that the sender gets.
    #[must_use]
    pub fn code(self) -> ErrorCode {
        self.row().1
    }

    /// Returns the HTTP status at the PAR and token endpoints.
    #[must_use]
    pub fn status(self) -> u16 {
        self.row().2
    }

    /// Returns the `error_description` that the sender gets: printable ASCII without quotes and backslashes.
    #[must_use]
    pub fn description(self) -> &'static str {
        self.row().3
    }
}

impl Reason {
    /// Returns `true` if a request that names a client is refused for this only after the client was found.
    pub(crate) fn comes_after_look_up(self) -> bool {
        !matches!(
            self,
            Self::UnknownClient
                | Self::ClientIdTooLong
                | Self::RequestUriOfUnknownClient
                | Self::RegistryUnavailable
                | Self::SecretVerifierUnavailable
                | Self::RequestAndRequestUri
                | Self::MalformedRequestUri
                | Self::ExternalRequestUri
        )
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

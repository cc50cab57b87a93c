//! The outcomes.

use std::{error::Error, time::Duration};

use super::{Level, Stage, Steps};
use crate::{
    client::{IgnoredMember, RegistryError, jwks::JwksError},
    error::{DenialCode, Reason, TokenErrorCode},
    jose::KeyError,
    protocol::authentication_method::AuthenticationMethod,
    response::signer::SignerError,
    settings_group::SettingsGroup,
    store::NotReady,
};

/// An outcome.
///
/// Every `client_id` in here is registered, or one that a registry knows as [unusable](Event::ClientUnusable). A name that a request
/// merely claims stays out: it may be a secret that a client put in the wrong place. Keep client identifiers out of metric labels all the same.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A request was pushed.
    #[non_exhaustive]
    Pushed {
        /// The client, authenticated.
        client_id: &'a str,
        /// How long it took.
        steps: &'a Steps,
    },
    /// A request was refused.
    #[non_exhaustive]
    Refused {
        /// The operation.
        stage: Stage,
        /// The reason.
        reason: Reason,
        /// The client that the request named, if there is one.
        client_id: Option<&'a str>,
        /// The cause, where it is on this side: the error of the store, of the registry or of what else the host brought, and the
        /// bound of a store that is full, as it is the [source](std::error::Error::source) of the refusal.
        /// [`CauseText`](crate::CauseText) makes a line for the log of it.
        cause: Option<&'a (dyn Error + 'static)>,
        /// [`Refusal::clock_offset`](crate::Refusal::clock_offset): seconds by which the clock of the client seems to be behind.
        clock_offset: Option<i64>,
        /// How long it took.
        steps: &'a Steps,
    },
    /// A client has authenticated at the token endpoint or at another endpoint of the host.
    #[non_exhaustive]
    Authenticated {
        /// The operation, with the endpoint.
        stage: Stage,
        /// The client.
        client_id: &'a str,
        /// The method that it used.
        method: AuthenticationMethod,
        /// How long it took.
        steps: &'a Steps,
    },
    /// An authorization began, its page was loaded again, or the decision about it came: every opening counts.
    #[non_exhaustive]
    Opened {
        /// The client.
        client_id: &'a str,
        /// How long it took.
        steps: &'a Steps,
    },
    /// An authorization was granted. The host has yet to commit what it writes for it.
    #[non_exhaustive]
    Completed {
        /// The client.
        client_id: &'a str,
        /// How long it took, without the response.
        steps: &'a Steps,
    },
    /// An authorization was denied.
    #[non_exhaustive]
    Denied {
        /// The operation: [`Complete`](Stage::Complete), or [`Respond`](Stage::Respond) after a grant.
        stage: Stage,
        /// The client.
        client_id: &'a str,
        /// The error that the client gets.
        error: DenialCode,
        /// How long it took, without the response.
        steps: &'a Steps,
    },
    /// The keys of a client were fetched from its `jwks_uri`.
    #[non_exhaustive]
    KeysFetched {
        /// The client for which the keys were fetched. Others may use the same URL.
        client_id: &'a str,
        /// The number of keys that can be used.
        usable: usize,
        /// The keys that cannot be used.
        skipped: &'a [KeyError],
    },
    /// The keys of a client could not be fetched, or what was fetched were none.
    #[non_exhaustive]
    KeysNotFetched {
        /// The client for which the keys were asked.
        client_id: &'a str,
        /// The `jwks_uri` that was fetched.
        uri: &'a str,
        /// The cause, for the log of the host.
        error: &'a JwksError,
        /// `true` if the keys of an earlier fetch are used instead.
        stale: bool,
    },
    /// A client could not be loaded again, and is used as it was last known: the database of a `CachedRegistry` is down.
    #[non_exhaustive]
    ClientNotReloaded {
        /// The client.
        client_id: &'a str,
        /// The cause, for the log of the host.
        error: &'a RegistryError,
    },
    /// A registry knows a client, and says that it cannot be used. The refusal of its request follows as an event of its own.
    #[non_exhaustive]
    ClientUnusable {
        /// The client.
        client_id: &'a str,
        /// The reason is its [`source`](std::error::Error::source).
        error: &'a RegistryError,
    },
    /// A client was found whose registration has members, or parts of them, that do not count: see [`Client::ignored`](crate::Client::ignored).
    /// It is reported once for each [`Client`](crate::Client) that is parsed, when a request meets it first.
    #[non_exhaustive]
    MembersIgnored {
        /// The client.
        client_id: &'a str,
        /// What does not count, and why, with the keys of `jwks` among it.
        members: &'a [IgnoredMember],
        /// The keys of `jwks` that cannot be used.
        skipped: &'a [KeyError],
    },
    /// The store could not be asked, so that operations of this kind were [refused](Reason::StoreUnavailable), and now one of them has
    /// worked again. Each outage is reported once for each kind of operation that has met it.
    #[non_exhaustive]
    StoreBack {
        /// The operation.
        stage: Stage,
        /// The time from the first refusal to now.
        away: Duration,
    },
    /// The store had no room to remember what is remembered for hygiene, such as the code challenge of a push, which was taken all
    /// the same: its repetition would not be noticed. See [`MarkPurpose::Hygiene`](crate::store::MarkPurpose::Hygiene).
    #[non_exhaustive]
    HygieneSkipped {
        /// The client.
        client_id: &'a str,
        /// How many marks were left out.
        marks: usize,
    },
    /// An authorization response could not be signed. The refusal follows as an event of its own.
    #[non_exhaustive]
    ResponseNotSigned {
        /// The client that it was for.
        client_id: &'a str,
        /// The cause, for the log of the host.
        error: &'a SignerError,
    },
    /// The host has refused a request to its token endpoint, of a client that has authenticated:
    /// [`refuse_token`](crate::ParEndpoint::refuse_token).
    #[non_exhaustive]
    TokenRefused {
        /// The client.
        client_id: &'a str,
        /// The error that it gets.
        error: TokenErrorCode,
    },
    /// A browser has decided a second time, and was given its answer again.
    #[non_exhaustive]
    AnsweredAgain {
        /// The client.
        client_id: &'a str,
    },
    /// The endpoint was built with a store that several processes share, and without a
    /// [`dpop_nonce_key`](crate::ParEndpointBuilder::dpop_nonce_key) that they share. Each refuses the nonces of the others.
    #[non_exhaustive]
    NonceKeyNotShared,
    /// [`ParEndpoint::ready`](crate::ParEndpoint::ready) was asked while the store could not take the next push.
    #[non_exhaustive]
    NotReady {
        /// The reason is its [`reason`](NotReady::reason), the cause its [`source`](std::error::Error::source).
        error: &'a NotReady,
    },
    /// Another node of the server has different settings: [`compare_settings`](crate::ParEndpoint::compare_settings) has found it. It is to
    /// be expected while a change goes from one node to the next, and at no other time.
    #[non_exhaustive]
    SettingsDiffer {
        /// The groups that differ.
        groups: &'a [SettingsGroup],
        /// The seconds by which the clock of this node is ahead of the one that is furthest away.
        clock_offset: Option<i64>,
    },
    /// A spent `request_uri` was used again: by a reload after the end of the login, or by an attacker who got hold of
    /// it. The refusal follows as an event of its own.
    #[non_exhaustive]
    Replayed {
        /// The client.
        client_id: &'a str,
    },
}

/// The labels of all kinds of events.
macro_rules! labels {
    ($($variant:ident $label:literal;)*) => {
        impl Event<'_> {
            /// The [label](Self::label) of every kind of event, so that a host can make its counters before the first one.
            pub const LABELS: &'static [&'static str] = &[$($label),*];

            /// Returns a label for a metric, of the kind of the event: stable, in `snake_case`.
            #[must_use]
            pub const fn label(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $label,)*
                }
            }
        }
    };
}

labels! {
    Pushed "pushed";
    Refused "refused";
    Authenticated "authenticated";
    Opened "opened";
    Completed "completed";
    Denied "denied";
    KeysFetched "keys_fetched";
    KeysNotFetched "keys_not_fetched";
    ClientNotReloaded "client_not_reloaded";
    ClientUnusable "client_unusable";
    MembersIgnored "members_ignored";
    StoreBack "store_back";
    HygieneSkipped "hygiene_skipped";
    ResponseNotSigned "response_not_signed";
    TokenRefused "token_refused";
    AnsweredAgain "answered_again";
    NonceKeyNotShared "nonce_key_not_shared";
    NotReady "not_ready";
    SettingsDiffer "settings_differ";
    Replayed "replayed";
}

impl<'a> Event<'a> {
    /// Returns how long the operation took whose outcome this is, and which it was, for events that are such an outcome.
    #[must_use]
    pub const fn steps(&self) -> Option<(Stage, &'a Steps)> {
        match *self {
            Self::Pushed { steps, .. } => Some((Stage::Push, steps)),
            Self::Opened { steps, .. } => Some((Stage::Authorize, steps)),
            Self::Completed { steps, .. } => Some((Stage::Complete, steps)),
            Self::Refused { stage, steps, .. }
            | Self::Authenticated { stage, steps, .. }
            | Self::Denied { stage, steps, .. } => Some((stage, steps)),
            _ => None,
        }
    }

    /// Returns how much an operator should mind.
    #[must_use]
    pub fn level(&self) -> Level {
        match *self {
            Self::Refused { reason, .. } => Level::of(reason),
            Self::ResponseNotSigned { .. } | Self::NotReady { .. } => Level::Error,
            Self::TokenRefused { error, .. } if error.status() >= 500 => Level::Error,
            Self::MembersIgnored { skipped: [], .. } => Level::Info,
            Self::KeysNotFetched { .. }
            | Self::ClientNotReloaded { .. }
            | Self::ClientUnusable { .. }
            | Self::HygieneSkipped { .. }
            | Self::MembersIgnored { .. }
            | Self::StoreBack { .. }
            | Self::NonceKeyNotShared
            | Self::SettingsDiffer { .. }
            | Self::Replayed { .. } => Level::Warning,
            Self::Pushed { .. }
            | Self::Authenticated { .. }
            | Self::Opened { .. }
            | Self::Completed { .. }
            | Self::Denied { .. }
            | Self::KeysFetched { .. }
            | Self::TokenRefused { .. }
            | Self::AnsweredAgain { .. } => Level::Info,
        }
    }
}

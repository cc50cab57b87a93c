//! The crates whose types are part of this API. A type of another major version of them does not fit: a host that has such a
//! version beside this one can name the right types by these paths.
//!
//! | crate | version | feature | its types are in |
//! | --- | --- | --- | --- |
//! | `axum_core` | 0.5 | `axum` | responses of [`Reply`](crate::Reply) and of refusals |
//! | `deadpool_postgres` | 0.14 | `postgres` | `PostgresConnector` |
//! | `http` | 1 | `http` | conversions to [`FormRequest`](crate::FormRequest) and from [`Reply`](crate::Reply) |
//! | `http_body`, `tower_service` | 1, 0.3 | `tower` | `PushService`, `MetadataService` |
//! | `redis` | 1 | `redis` | `RedisConnector` |
//! | `reqwest` | 0.13 | `reqwest` | `GuardedFetcher` |
//! | `serde_json` | 1 | | [`ParEndpoint::metadata`](crate::ParEndpoint::metadata), [`ClientRegistration`](crate::ClientRegistration), [`AuthorizationRequest`](crate::AuthorizationRequest), [`DecryptionKeys`](crate::jose::DecryptionKeys) |
//! | `sqlx` | 0.8 | `sqlx` | `PostgresConnector`, `PostgresStore::in_sqlx_transaction` |
//! | `time` | 0.3 | | [`Clock`](crate::Clock), [`Nonces`](crate::dpop::Nonces), [`Proof`](crate::dpop::Proof) |
//! | `tokio_postgres` | 0.7 | `postgres` | `PostgresClient`, `PostgresStore::in_transaction` |
//! | `url` | 2 | | [`RequestedRedirectUri`](crate::RequestedRedirectUri) |

#[cfg(feature = "axum")]
pub use ::axum_core;
#[cfg(feature = "postgres")]
pub use ::deadpool_postgres;
#[cfg(feature = "http")]
pub use ::http;
#[cfg(feature = "tower")]
pub use ::http_body;
#[cfg(feature = "redis")]
pub use ::redis;
#[cfg(feature = "reqwest")]
pub use ::reqwest;
pub use ::serde_json;
#[cfg(feature = "sqlx")]
pub use ::sqlx;
pub use ::time;
#[cfg(feature = "postgres")]
pub use ::tokio_postgres;
#[cfg(feature = "tower")]
pub use ::tower_service;
pub use ::url;

//! Recipes: clients, requests and codes in a database, and the endpoints in servers of tonic and poem.
//!
//! They are compiled, linted and tried in the package `examples/recipes` of the repository; what stands here is what is compiled there.
//!
//! # Clients in PostgreSQL
//!
//! One table, with the registration as a JSON object of RFC 7591 names, and the feature `cached`.
//!
//! ```sql
#![doc = include_str!("recipes/clients.sql")]
//! ```
//!
//! By `sqlx`, which also hears of changes as they are made:
//!
//! ```ignore
#![doc = include_str!("recipes/sqlx.rs")]
//! ```
//!
//! By `tokio-postgres`:
//!
//! ```ignore
#![doc = include_str!("recipes/tokio_postgres.rs")]
//! ```
//!
//! # Requests and codes in PostgreSQL
//!
//! With the feature `sqlx`, and a table for the codes:
//!
//! ```sql
#![doc = include_str!("recipes/codes.sql")]
//! ```
//!
//! ```ignore
#![doc = include_str!("recipes/codes.rs")]
//! ```
//!
//! `PostgresStore::in_sqlx_transaction` has the code around `write_code`, which completes the request in the same transaction;
//! [`logins`](super::logins#in-one-transaction) says which steps belong into it. Rows that have expired are deleted by the host: those of the
//! store by `sweep`, as [`stores`](super::stores#postgresql) shows, and the codes beside it.
//!
//! # tonic
//!
//! With the feature `tower`, the PAR endpoint and the metadata are services, and a line in most servers over hyper:
//!
//! ```ignore
#![doc = include_str!("recipes/tonic.rs")]
//! ```
//!
//! # poem
//!
//! ```ignore
#![doc = include_str!("recipes/poem.rs")]
//! ```
//!
//! Servers of axum, actix-web and hyper are where one [starts](super::getting_started#axum).

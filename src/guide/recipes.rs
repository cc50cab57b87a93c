//! Recipes: clients in a database, and the endpoints in servers of several frameworks.
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
//! # Servers over hyper
//!
//! With the feature `tower`, the PAR endpoint and the metadata are services, and a line in most servers. axum:
//!
//! ```ignore
#![doc = include_str!("recipes/axum.rs")]
//! ```
//!
//! tonic:
//!
//! ```ignore
#![doc = include_str!("recipes/tonic.rs")]
//! ```
//!
//! hyper itself:
//!
//! ```ignore
#![doc = include_str!("recipes/hyper.rs")]
//! ```
//!
//! # actix-web
//!
//! It has requests of its own, which a handler takes apart:
//!
//! ```ignore
#![doc = include_str!("recipes/actix.rs")]
//! ```

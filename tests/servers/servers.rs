//! The stores over the servers that they are for: Redis, Redis Cluster, Valkey and PostgreSQL; and the recipes of the guide.
//!
//! The tests start the servers themselves, each on a free port with its data in a temporary folder, unless an environment variable
//! names one that runs. They fail where there is none.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects
)]

mod compared_settings;
mod operator;
mod postgres;
mod public_clients;
mod recipes;
mod redis;
mod stored_rows;
mod support;

//! `PostgresStore` over PostgreSQL.

mod cancelled;
mod contract;
pub(crate) mod database;
mod endpoint;
mod nodes;
mod outages;
mod pooler;
mod rights;
mod tables;
mod transactions;

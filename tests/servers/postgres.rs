//! `PostgresStore` over PostgreSQL.

mod cancelled;
mod contract;
pub(crate) mod database;
mod drivers;
mod endpoint;
mod nodes;
mod outages;
mod pooler;
mod readiness;
mod rights;
mod sqlx_transactions;
mod tables;
mod transactions;

//! `PostgresStore` over PostgreSQL.

mod between;
mod cancelled;
mod contract;
pub(crate) mod database;
mod drivers;
mod endpoint;
mod layouts;
mod nodes;
mod outages;
mod pooler;
mod readiness;
mod rights;
mod sqlx_transactions;
mod sweeping;
mod tables;
mod transactions;

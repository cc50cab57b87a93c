//! `PostgresStore` over PostgreSQL.

mod cancelled;
mod contract;
mod database;
mod endpoint;
mod nodes;
mod outages;
mod pooler;
mod rights;
mod tables;
mod transactions;

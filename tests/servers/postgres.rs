//! `PostgresStore` over PostgreSQL.

mod contract;
mod database;
mod endpoint;
mod nodes;
mod outages;
mod tables;

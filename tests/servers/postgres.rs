//! `PostgresStore` over PostgreSQL.

mod contract;
mod database;

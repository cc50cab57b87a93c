//! `PostgresStore` over PostgreSQL.

//! The recipes of the guide of parjar, so that what it shows compiles. The text is in `src/guide/recipes`.

#[path = "../../src/guide/recipes/codes.rs"]
pub mod codes;
#[path = "../../src/guide/recipes/poem.rs"]
pub mod poem;
#[path = "../../src/guide/recipes/sqlx.rs"]
pub mod sqlx;
#[path = "../../src/guide/recipes/tokio_postgres.rs"]
pub mod tokio_postgres;
#[path = "../../src/guide/recipes/tonic.rs"]
pub mod tonic;

/// The table that the recipes for clients read.
pub const CLIENTS_SQL: &str = include_str!("../../src/guide/recipes/clients.sql");

/// The table that the recipes for codes use.
pub const CODES_SQL: &str = include_str!("../../src/guide/recipes/codes.sql");

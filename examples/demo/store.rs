//! Where pushed requests live. Several nodes of one issuer share a Redis or a PostgreSQL.
//!
//! The handles and marks of issuers differ, so issuers may share one as well.

use parjar::{BoxedStore, MemoryStore};

/// What `--store` names.
pub(crate) enum Store {
    Memory,
}

impl Store {
    /// Problems are told in fixed words: with a slip of the pen, a password may be in any part of a URL.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        match text.split_once("://") {
            None if text == "memory" => Ok(Self::Memory),
            _ => Err("must be memory, or a URL that starts with redis://, rediss:// or postgres://"),
        }
    }

    /// Reaches the server, or says in a few seconds why not.
    pub(crate) async fn open(self) -> Result<BoxedStore, String> {
        Ok(match self {
            Self::Memory => BoxedStore::new(MemoryStore::default()),
        })
    }
}

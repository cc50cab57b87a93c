//! Errors of the database, whatever driver has met them.

/// What a server or a connection has said.
#[derive(Debug)]
pub(super) enum DatabaseError {
    /// The server has refused.
    Refused {
        /// The SQLSTATE.
        code: String,
        message: String,
    },
    /// There was no connection, or it broke.
    Connection(String),
}

impl DatabaseError {
    /// The SQLSTATE, where a server has answered.
    pub(super) fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            Self::Connection(_) => None,
        }
    }

    /// Returns `true` for an error that says that a prepared statement is not there, or is another's of the same name.
    pub(super) fn is_forgotten(&self) -> bool {
        matches!(self.code(), Some("26000" | "42P05"))
    }

    /// Returns `true` where what requests are kept in is not there, or is another.
    pub(super) fn is_of_schema(&self) -> bool {
        // No such schema, table or column.
        matches!(self.code(), Some("3F000" | "42P01" | "42703"))
    }

    /// Returns the part of an error that a log may have: detail, hint and context may quote what is stored.
    pub(super) fn described(&self) -> String {
        /// Data and its constraints, and what triggers make up. Messages of these may quote values as well.
        const MAY_QUOTE: [&str; 4] = ["22", "23", "P0", "44"];
        match self {
            Self::Connection(text) => text.clone(),
            Self::Refused { code, .. } if MAY_QUOTE.iter().any(|class| code.starts_with(class)) => {
                format!("SQLSTATE {code}")
            }
            Self::Refused { code, message } if self.is_of_schema() => {
                format!("SQLSTATE {code}: {message} (PostgresStore::migrate makes what is missing)")
            }
            Self::Refused { code, message } => format!("SQLSTATE {code}: {message}"),
        }
    }
}

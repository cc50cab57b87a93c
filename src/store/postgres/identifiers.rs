//! Names of tables, the only part of a statement that is not a parameter.

use super::errors::PostgresStoreError;

/// PostgreSQL cuts longer names off, and two that are cut off alike would be one.
const LONGEST: usize = 63;

/// The quoted names of what the store uses, with their schema where there is one.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) schema: Option<String>,
    pub(super) requests: String,
    pub(super) requests_due: String,
    /// An index of an earlier layout.
    pub(super) requests_expiry: String,
    pub(super) marks: String,
    pub(super) marks_expiry: String,
    pub(super) version: String,
}

impl Names {
    /// A quoted name with its schema, where there is one.
    pub(super) fn in_schema(&self, name: &str) -> String {
        self.schema.as_ref().map_or_else(|| name.to_owned(), |schema| format!("{schema}.{name}"))
    }

    pub(super) fn new(schema: Option<&str>, prefix: &str) -> Result<Self, PostgresStoreError> {
        if !prefix.is_empty() && !is_identifier(prefix) {
            return Err(PostgresStoreError::TablePrefix);
        }
        let schema = match schema {
            Some(schema) if is_identifier(schema) => Some(format!("\"{schema}\"")),
            Some(_) => return Err(PostgresStoreError::Schema),
            None => None,
        };
        let quoted = |name: &str| {
            let name = format!("{prefix}{name}");
            if is_identifier(&name) { Ok(format!("\"{name}\"")) } else { Err(PostgresStoreError::TablePrefix) }
        };
        let table = |name: &str| {
            let table = quoted(name)?;
            Ok::<_, PostgresStoreError>(match &schema {
                Some(schema) => format!("{schema}.{table}"),
                None => table,
            })
        };
        Ok(Self {
            requests: table("requests")?,
            requests_due: quoted("requests_sweep_at")?,
            requests_expiry: quoted("requests_expires_at")?,
            marks: table("marks")?,
            marks_expiry: quoted("marks_expires_at")?,
            version: table("schema_version")?,
            schema,
        })
    }
}

fn is_identifier(name: &str) -> bool {
    name.len() <= LONGEST
        && name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn names_are_quoted_and_carry_their_schema() {
        let names = Names::new(Some("Auth"), "par_").unwrap();
        assert_eq!(names.requests, r#""Auth"."par_requests""#);
        assert_eq!(names.marks_expiry, r#""par_marks_expires_at""#);
        assert_eq!(Names::new(None, "").unwrap().marks, r#""marks""#);
    }

    #[test]
    fn the_longest_name_is_not_cut_off() {
        let longest = 63 - "requests_expires_at".len();
        assert!(Names::new(None, &"a".repeat(longest)).is_ok());
        assert!(Names::new(None, &"a".repeat(longest + 1)).is_err());
        assert!(Names::new(Some(&"a".repeat(63)), "").is_ok());
    }
}

//! The statements. What changes a request is one statement, in a transaction that it is by itself, and decides by the row
//! that it locks. What is asked when it changed nothing says why, and changes nothing itself.
//!
//! Time is `clock_timestamp()`, which goes on while a statement waits for a lock; `now()` would stand still, and let
//! through what has expired in the meantime. Only sweeping uses `now()`, which an index can be searched for.
//!
//! No column that is indexed changes while a request is opened, noted on, prolonged and spent, so that the server writes no entry of
//! an index for any of these. `sweep_at` is therefore not the end of the request but a time before which sweeping need not look at it.

use super::identifiers::Names;

/// The states of a request, as they are stored.
pub(super) const WAITING: i16 = 0;
pub(super) const OPEN: i16 = 1;
pub(super) const SPENT: i16 = 2;

#[derive(Debug)]
pub(super) struct Statements {
    /// Key, owner, payload, lifetime. A row if it was inserted.
    pub(super) insert: String,
    /// The same, then keys and lifetimes of marks in the order of their keys. A row: a known mark, and whether the key
    /// is taken.
    pub(super) insert_with_marks: String,
    /// Key, owner, browser, lifetime. A row if it was waiting, and is open now: the payload.
    pub(super) open: String,
    /// Key and owner. A row if there is a request, and the server takes writes: its state, owner, browser and revision, the payload, the
    /// milliseconds since it was opened, and the host's note.
    pub(super) read: String,
    /// Key, owner, browser. The same row if the request was open in no browser, and is in this one now.
    pub(super) bind: String,
    /// Key, owner, browser, note and revision. A row if the note was written.
    pub(super) annotate: String,
    /// Key, owner, browser, lifetime from now and in all. A row if it is open: the milliseconds that are left.
    pub(super) extend: String,
    /// Key, owner, browser, lifetime. A row if it was spent.
    pub(super) consume: String,
    /// Key. A row if there is a request: its state, owner, browser and revision.
    pub(super) look: String,
    /// Key and lifetime. A row if the mark was new.
    pub(super) remember: String,
    /// Keys and lifetimes, in the order of the keys. A row: a known mark.
    pub(super) remember_many: String,
    /// Inserts nothing, as a push would: it is refused where that would be. A row: whether the role may read the version of the
    /// tables.
    pub(super) ready: String,
    /// A row: the version of the tables.
    pub(super) version: String,
    /// The number of rows to look at, at most. A row: how many were looked at, and how many of them deleted.
    pub(super) sweep_requests: String,
    pub(super) sweep_marks: String,
}

impl Statements {
    pub(super) fn new(names: &Names) -> Self {
        Self {
            insert: insert(names, "VALUES ($1::bytea, $2::bytea, $3::bytea, $4::bigint)"),
            insert_with_marks: insert_with_marks(names),
            open: open(names),
            read: read(names),
            bind: bind(names),
            annotate: annotate(names),
            extend: extend(names),
            consume: consume(names),
            look: look(names),
            remember: put_marks(names, "VALUES ($1::bytea, $2::bigint)"),
            remember_many: remember_many(names),
            ready: ready(names),
            version: format!("SELECT max(version) FROM {}", names.version),
            sweep_requests: sweep_requests(names),
            sweep_marks: sweep_marks(names),
        }
    }
}

/// An expired request under the key makes way; any other stays.
fn insert(names: &Names, new: &str) -> String {
    let requests = &names.requests;
    format!(
        "INSERT INTO {requests} AS present (key, owner, state, payload, expires_at, sweep_at)
         SELECT key, owner, {WAITING}, payload, clock_timestamp() + lifetime * interval '1 millisecond',
             clock_timestamp() + lifetime * interval '1 millisecond'
         FROM ({new}) AS new (key, owner, payload, lifetime)
         ON CONFLICT (key) DO UPDATE SET
             owner = excluded.owner, browser = NULL, state = {WAITING}, opened_at = NULL,
             annotation = '', revision = 0,
             payload = excluded.payload, expires_at = excluded.expires_at, sweep_at = excluded.sweep_at
         WHERE present.expires_at <= clock_timestamp()
         RETURNING true"
    )
}

/// The server looks at tables, columns, rights and whether it may write before it finds that there is nothing to insert.
fn ready(names: &Names) -> String {
    let inserted = insert(names, "SELECT ''::bytea, ''::bytea, ''::bytea, 0::bigint WHERE false");
    let put = put_marks(names, "SELECT ''::bytea, 0::bigint WHERE false");
    format!("WITH inserted AS ({inserted}), put AS ({put}) SELECT {}", may_read_version(names))
}

/// An expression that says whether the role may read the version of the tables. It gets on without: the version is there
/// for migrations.
pub(super) fn may_read_version(names: &Names) -> String {
    format!("coalesce(has_table_privilege(to_regclass('{}'), 'SELECT'), false)", names.version)
}

/// An expired mark makes way; any other stays.
fn put_marks(names: &Names, new: &str) -> String {
    let marks = &names.marks;
    format!(
        "INSERT INTO {marks} AS present (key, expires_at)
         SELECT key, clock_timestamp() + lifetime * interval '1 millisecond' FROM ({new}) AS new (key, lifetime)
         ON CONFLICT (key) DO UPDATE SET expires_at = excluded.expires_at
         WHERE present.expires_at <= clock_timestamp()
         RETURNING true"
    )
}

/// Looks first, to say what is known and to write nothing then; and makes an error of it when what it inserted is not
/// all it was to insert, which rolls the statement back. Run again, it sees what was in its way.
fn remember_many(names: &Names) -> String {
    let brought = "SELECT key, lifetime FROM unnest($1::bytea[], $2::bigint[]) AS brought (key, lifetime)";
    let put = put_marks(names, &format!("{brought} WHERE NOT EXISTS (SELECT FROM known)"));
    format!(
        "WITH known AS ({known}), put AS ({put})
         SELECT (SELECT key FROM known), {or_fail}",
        known = known(names, "$1"),
        or_fail = or_fail("EXISTS (SELECT FROM known) OR (SELECT count(*) FROM put) = cardinality($1)"),
    )
}

fn insert_with_marks(names: &Names) -> String {
    let requests = &names.requests;
    let brought = "SELECT key, lifetime FROM unnest($5::bytea[], $6::bigint[]) AS brought (key, lifetime)";
    let put =
        put_marks(names, &format!("{brought} WHERE NOT EXISTS (SELECT FROM known) AND NOT EXISTS (SELECT FROM taken)"));
    let inserted = insert(
        names,
        "SELECT $1::bytea, $2::bytea, $3::bytea, $4::bigint WHERE (SELECT count(*) FROM put) = cardinality($5)",
    );
    format!(
        "WITH known AS ({known}),
         taken AS (SELECT FROM {requests} WHERE key = $1 AND expires_at > clock_timestamp()),
         put AS ({put}),
         inserted AS ({inserted})
         SELECT (SELECT key FROM known), EXISTS (SELECT FROM taken), {or_fail}",
        known = known(names, "$5"),
        or_fail = or_fail("EXISTS (SELECT FROM known) OR EXISTS (SELECT FROM taken) OR EXISTS (SELECT FROM inserted)"),
    )
}

fn known(names: &Names, keys: &str) -> String {
    let marks = &names.marks;
    format!("SELECT key FROM {marks} WHERE key = ANY ({keys}) AND expires_at > clock_timestamp() LIMIT 1")
}

/// Fails with SQLSTATE 22P02, and a text for those who read the server's log. It is not a constant, which the planner
/// would try to convert.
fn or_fail(condition: &str) -> String {
    format!("CAST (CASE WHEN {condition} THEN '0' ELSE 'parjar lost a race and tries again' END AS integer)")
}

/// A request that waits has no browser and no note.
fn open(names: &Names) -> String {
    let requests = &names.requests;
    format!(
        "UPDATE {requests} SET
             state = {OPEN}, browser = $3::bytea, opened_at = clock_timestamp(),
             expires_at = clock_timestamp() + $4::bigint * interval '1 millisecond'
         WHERE key = $1 AND owner = $2 AND state = {WAITING} AND expires_at > clock_timestamp()
         RETURNING payload"
    )
}

/// What a claim is told of a request, and of its contents if they are the client's.
const CLAIMED: &str = "state, owner, browser, revision, CASE WHEN owner = $2 THEN payload END,
             coalesce(ceil(extract(epoch FROM clock_timestamp() - opened_at) * 1000)::bigint, 0),
             CASE WHEN owner = $2 THEN annotation END";

/// A server that takes no writes may be behind, and shows none.
fn read(names: &Names) -> String {
    let requests = &names.requests;
    format!(
        "SELECT {CLAIMED} FROM {requests}
         WHERE key = $1 AND expires_at > clock_timestamp() AND current_setting('transaction_read_only') = 'off'"
    )
}

fn bind(names: &Names) -> String {
    let requests = &names.requests;
    format!(
        "UPDATE {requests} SET browser = $3::bytea
         WHERE key = $1 AND owner = $2 AND state = {OPEN} AND browser IS NULL AND expires_at > clock_timestamp()
         RETURNING {CLAIMED}"
    )
}

/// The condition under which a claim may spend, annotate or extend a request.
fn is_open() -> String {
    format!(
        "key = $1 AND owner = $2 AND state = {OPEN} AND (browser IS NULL OR browser = $3)
             AND expires_at > clock_timestamp()"
    )
}

fn annotate(names: &Names) -> String {
    let (requests, is_open) = (&names.requests, is_open());
    format!(
        "UPDATE {requests} SET annotation = $4::bytea, revision = revision + 1
         WHERE {is_open} AND revision = $5::bigint
         RETURNING true"
    )
}

fn extend(names: &Names) -> String {
    let (requests, is_open) = (&names.requests, is_open());
    format!(
        "UPDATE {requests} SET expires_at = greatest(expires_at, least(
             clock_timestamp() + $4::bigint * interval '1 millisecond',
             coalesce(opened_at, clock_timestamp()) + $5::bigint * interval '1 millisecond'))
         WHERE {is_open}
         RETURNING (extract(epoch FROM expires_at - clock_timestamp()) * 1000)::bigint"
    )
}

fn consume(names: &Names) -> String {
    let (requests, is_open) = (&names.requests, is_open());
    format!(
        "UPDATE {requests} SET
             state = {SPENT}, payload = '', annotation = '',
             expires_at = clock_timestamp() + $4::bigint * interval '1 millisecond'
         WHERE {is_open}
         RETURNING true"
    )
}

fn look(names: &Names) -> String {
    let requests = &names.requests;
    format!("SELECT state, owner, browser, revision FROM {requests} WHERE key = $1 AND expires_at > clock_timestamp()")
}

/// The keys of what is due at most, without those that others have locked, be it to sweep as well. Without `MATERIALIZED` the limit might
/// be applied more than once.
fn due(table: &str, at: &str) -> String {
    format!(
        "due AS MATERIALIZED (
             SELECT key FROM {table} WHERE {at} <= now() ORDER BY {at} LIMIT $1 FOR UPDATE SKIP LOCKED
         )"
    )
}

/// A request that lives on is due again when it expires.
fn sweep_requests(names: &Names) -> String {
    let requests = &names.requests;
    format!(
        "WITH {due},
         swept AS (
             DELETE FROM {requests} AS old USING due WHERE old.key = due.key AND old.expires_at <= now() RETURNING true
         ),
         kept AS (
             UPDATE {requests} AS live SET sweep_at = live.expires_at FROM due
             WHERE live.key = due.key AND live.expires_at > now()
         )
         SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM swept)",
        due = due(requests, "sweep_at"),
    )
}

fn sweep_marks(names: &Names) -> String {
    let marks = &names.marks;
    format!(
        "WITH {due}, swept AS (DELETE FROM {marks} AS old USING due WHERE old.key = due.key RETURNING true)
         SELECT (SELECT count(*) FROM due), (SELECT count(*) FROM swept)",
        due = due(marks, "expires_at"),
    )
}

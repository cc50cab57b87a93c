//! Which names keys have, and the steps from the names of before.

/// The names of the keys of a [`RedisStore`](super::RedisStore), and what is read beside them while nodes change over from the names of
/// before.
///
/// Keys of one client share a hash tag: `prefix:{tag}r:...`. Before version 0.1, all keys of a prefix did: `{prefix}:r:...`, so that
/// a cluster had them on one primary. Nodes that still write those are replaced in three rounds. In each, every node is stopped and started with the next
/// setting, in any order; and the next round begins when the last node of this one runs:
///
/// | round | setting | reads | writes | before the next round |
/// | --- | --- | --- | --- | --- |
/// | 1 | `FormerReadingPerClient` | both | the former names | nothing |
/// | 2 | `PerClientReadingFormer` | both | names per client; marks under both | [`longest_login`] and the time that requests wait; and as long as marks live, with [`code_challenge_memory`] |
/// | 3 | `PerClient` | names per client | names per client | |
///
/// Any two rounds that follow each other can run side by side, and a round can be taken back: no request is lost, and no mark passes twice. From the
/// third to the first, wait in the second as before: marks of the third are under the names per client alone. The
/// second round puts a mark down in two steps, under the former name and then with the request, and takes it back if the second is refused, as with
/// [`marks_on`](super::RedisStoreBuilder::marks_on). Who can do without the requests and marks of a minute stops all nodes instead, and starts them anew.
///
/// Rounds 1 and 2 need the user of the connection to have both patterns of keys: `~parjar:{* ~{parjar}:*`.
///
/// [`longest_login`]: crate::Policy::longest_login
/// [`code_challenge_memory`]: crate::Policy::code_challenge_memory
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedisKeys {
    /// Names per client alone. The default.
    #[default]
    PerClient,
    /// Names per client; requests and marks under the former names are known as well. The second round.
    PerClientReadingFormer,
    /// The former names; requests under names per client are known as well. The first round.
    FormerReadingPerClient,
}

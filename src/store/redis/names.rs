//! Names of keys.
//!
//! A name is `prefix:{tag}r:digest` for a request, and with an `m` for a mark. The tag begins the digest of the owner, so that a cluster has what
//! belongs to one client in one slot, and clients apart. Names of before have the prefix for a tag: `{prefix}:r:digest`.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use redis::Cmd;

use super::keys::RedisKeys;
use crate::{hex, store::RecordKey};

const LONGEST_PREFIX: usize = 64;

/// Letters of a digest in base64url.
const DIGEST: usize = 43;

/// Letters of a tag: 36 bits, for 16 384 slots.
const TAG: usize = 6;

/// The kind of thing that a name names.
#[derive(Clone, Copy)]
pub(super) enum Family {
    Request,
    Mark,
}

impl Family {
    fn letter(self) -> &'static str {
        match self {
            Self::Request => "r",
            Self::Mark => "m",
        }
    }
}

/// What the names of a client's keys have in common in a cluster.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tag {
    Owner,
    Prefix,
}

/// The names of one deployment.
#[derive(Clone)]
pub(super) struct Names {
    prefix: Box<str>,
    tag: Tag,
}

/// The names that a store writes, and the others that it knows.
pub(super) struct AllNames {
    pub(super) written: Names,
    pub(super) also_read: Option<Names>,
    /// Names under which marks are put down as well, and first.
    pub(super) of_marks_too: Option<Names>,
}

impl AllNames {
    /// `None` for a prefix of other letters than `[A-Za-z0-9_.:-]`, an empty one, or a long one.
    pub(super) fn new(prefix: &str, keys: RedisKeys) -> Option<Self> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
        let is_prefix = (1..=LONGEST_PREFIX).contains(&prefix.len()) && prefix.bytes().all(is_allowed);
        let by = |tag| Names { prefix: prefix.into(), tag };
        let (per_client, former) = (by(Tag::Owner), by(Tag::Prefix));
        is_prefix.then(|| match keys {
            RedisKeys::PerClient => Self { written: per_client, also_read: None, of_marks_too: None },
            RedisKeys::PerClientReadingFormer => {
                Self { written: per_client, also_read: Some(former.clone()), of_marks_too: Some(former) }
            }
            RedisKeys::FormerReadingPerClient => {
                Self { written: former, also_read: Some(per_client), of_marks_too: None }
            }
        })
    }

    /// All of them, the written ones first.
    pub(super) fn each(&self) -> impl Iterator<Item = &Names> {
        [Some(&self.written), self.also_read.as_ref()].into_iter().flatten()
    }
}

impl Names {
    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Returns the keys in the notation of access control lists.
    pub(super) fn pattern(&self) -> String {
        match self.tag {
            Tag::Owner => format!("~{}:{{*", self.prefix),
            Tag::Prefix => format!("~{{{}}}:*", self.prefix),
        }
    }

    /// Returns the bytes of a name, or a few more.
    pub(super) fn length(&self) -> usize {
        self.prefix.len().saturating_add(72)
    }

    pub(super) fn name(&self, family: Family, owner: &RecordKey, key: &RecordKey) -> Vec<u8> {
        let mut name = Vec::with_capacity(self.length());
        self.pieces(family, owner, Some(key), |piece| name.extend_from_slice(piece));
        name
    }

    /// The name of a key that is never used, beside those of an owner.
    pub(super) fn idle(&self, family: Family, owner: &RecordKey) -> Vec<u8> {
        let mut name = Vec::with_capacity(self.length());
        self.pieces(family, owner, None, |piece| name.extend_from_slice(piece));
        name
    }

    /// Adds a name to a command.
    pub(super) fn put(&self, command: &mut Cmd, family: Family, owner: &RecordKey, key: &RecordKey) {
        use std::io::Write as _;

        use redis::RedisWrite as _;

        let mut argument = command.writer_for_next_arg();
        // Writes into memory, which does not fail.
        self.pieces(family, owner, Some(key), |piece| _ = argument.write_all(piece));
    }

    fn pieces(&self, family: Family, owner: &RecordKey, key: Option<&RecordKey>, mut put: impl FnMut(&[u8])) {
        let (prefix, letter) = (self.prefix.as_bytes(), family.letter().as_bytes());
        match self.tag {
            Tag::Owner => {
                [prefix, b":{", &tag(owner), b"}", letter, b":"].into_iter().for_each(&mut put);
                if let Some(key) = key {
                    put(&digest(key));
                }
            }
            Tag::Prefix => {
                [b"{", prefix, b"}:", letter, b":"].into_iter().for_each(&mut put);
                if let Some(key) = key {
                    put(&hex::encode(key.as_bytes()));
                }
            }
        }
    }
}

/// The letters that a cluster looks at in the names of an owner's keys.
pub(super) fn tag(owner: &RecordKey) -> [u8; TAG] {
    let letters = digest(owner);
    letters.first_chunk().copied().unwrap_or_default()
}

fn digest(key: &RecordKey) -> [u8; DIGEST] {
    let mut letters = [b'A'; DIGEST];
    // 32 bytes take that many letters.
    let _ = URL_SAFE_NO_PAD.encode_slice(key.as_bytes(), &mut letters);
    letters
}

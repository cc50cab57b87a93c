//! The scripts that run inside the server. A script is atomic there, so that no two callers act on the same state.
//!
//! A record is: a byte for the layout (2), a byte for the state (1 waits, 2 open, 3 open in a browser, 4 spent), 32 bytes of
//! browser, 8 for the milliseconds that it may be open, 32 of owner; then 4 for the number of the host's note, 4 for its length, if there
//! was one 16 for what wrote it, the note, and the payload, or if it is spent what spent it. The comparison is the server's; the payload is never taken apart there.

use std::sync::LazyLock;

use redis::{Arg, Cmd};

/// A script, which the server knows by its digest once it has run its text.
pub(super) struct Script {
    text: &'static str,
    digest: String,
}

impl Script {
    fn new(text: &'static str) -> Self {
        Self { text, digest: redis::Script::new(text).get_hash().to_owned() }
    }

    /// A call with so many keys, which come first, and so many other arguments, which together take about so many bytes.
    pub(super) fn call(&self, keys: usize, others: usize, bytes: usize) -> Cmd {
        let mut command = Cmd::with_capacity(keys.saturating_add(others).saturating_add(3), bytes.saturating_add(64));
        command.arg("EVALSHA").arg(&self.digest).arg(keys);
        command
    }

    /// The same call for a server that does not know the text, or has forgotten it.
    pub(super) fn spelled_out(&self, call: &Cmd) -> Cmd {
        let mut command = Cmd::new();
        command.arg("EVAL").arg(self.text);
        for argument in call.args_iter().skip(2) {
            if let Arg::Simple(bytes) = argument {
                command.arg(bytes);
            }
        }
        command
    }
}

/// Answers of the scripts. Zero is success.
pub(super) mod answer {
    pub(in crate::store::redis) const DONE: i64 = 0;
    pub(in crate::store::redis) const UNKNOWN: i64 = 1;
    pub(in crate::store::redis) const SPENT: i64 = 2;
    pub(in crate::store::redis) const OTHER_OWNER: i64 = 3;
    pub(in crate::store::redis) const OTHER_BROWSER: i64 = 4;
    /// Of the host's note.
    pub(in crate::store::redis) const CHANGED: i64 = 6;
    /// Of an insert. Positive numbers are places of marks there.
    pub(in crate::store::redis) const EXISTS: i64 = -1;
}

/// Checks the record, its owner (`ARGV[1]`) and its browser (`ARGV[2]`, empty if there is none). The token (`ARGV[4]`) tells the
/// command that has spent the record, should it come twice; other scripts have something shorter in its place, or nothing.
macro_rules! check {
    () => {
        r"
local version, state = string.byte(record, 1, 2)
if version ~= 2 or #record < 82 or state < 1 or state > 4 then return 5 end
if string.sub(record, 43, 74) ~= ARGV[1] then return 3 end
if state == 4 then return string.sub(record, 75) == ARGV[4] and 0 or 2 end
if state == 3 and string.sub(record, 3, 34) ~= ARGV[2] then return 4 end
"
    };
}

/// `KEYS`: the request. `ARGV`: owner, browser, lifetime, the same as it is stored. Needs no memory, so a server without any may run
/// it. Returns the record as it was; and if it was open, with the milliseconds that it has left: it has been open for the difference
/// to all that it may be.
pub(super) static CLAIM: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(
        r"#!lua flags=allow-oom
local record = redis.call('GET', KEYS[1])
if not record then return 1 end
",
        check!(),
        r"
if state == 1 then
  local opened = ARGV[2] == '' and '\2' .. string.sub(record, 3, 34) or '\3' .. ARGV[2]
  redis.call('SETRANGE', KEYS[1], 1, opened .. ARGV[4])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  return record
end
if state == 2 and ARGV[2] ~= '' then redis.call('SETRANGE', KEYS[1], 1, '\3' .. ARGV[2]) end
return {record, redis.call('PTTL', KEYS[1])}
"
    ))
});

/// `KEYS`: the request. `ARGV`: owner, browser, note, the number of the note that it replaces, token of 16 bytes. The token tells the
/// command that has written the last note, should it come twice.
pub(super) static ANNOTATE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(
        r"
local record = redis.call('GET', KEYS[1])
if not record then return 1 end
",
        check!(),
        r"
if state == 1 then return 1 end
local number, length = struct.unpack('>I4I4', record, 75)
local token = number > 0 and 16 or 0
if number ~= tonumber(ARGV[4]) then
  return token > 0 and string.sub(record, 83, 98) == ARGV[5] and 0 or 6
end
local note = struct.pack('>I4I4', number + 1, #ARGV[3]) .. ARGV[5] .. ARGV[3]
redis.call('SET', KEYS[1], string.sub(record, 1, 74) .. note .. string.sub(record, 83 + token + length), 'KEEPTTL')
return 0
"
    ))
});

/// `KEYS`: the request. `ARGV`: owner, browser, lifetime from now, lifetime since it was opened. Returns the milliseconds that are
/// left, alone in an array.
pub(super) static EXTEND: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(
        r"#!lua flags=allow-oom
local record = redis.call('GETRANGE', KEYS[1], 0, 89)
if record == '' and redis.call('EXISTS', KEYS[1]) == 0 then return 1 end
",
        check!(),
        r"
if state == 1 then return 1 end
local left = redis.call('PTTL', KEYS[1])
local open = struct.unpack('>I8', record, 35) - left
local wanted = math.min(tonumber(ARGV[3]), tonumber(ARGV[4]) - open)
if wanted > left then
  redis.call('SETRANGE', KEYS[1], 34, struct.pack('>I8', open + wanted))
  redis.call('PEXPIRE', KEYS[1], wanted)
  left = wanted
end
return {left}
"
    ))
});

/// `KEYS`: the request. `ARGV`: owner, browser, lifetime, token of 16 bytes. Frees memory.
pub(super) static CONSUME: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(
        r"#!lua flags=allow-oom
local record = redis.call('GETRANGE', KEYS[1], 0, 89)
if record == '' and redis.call('EXISTS', KEYS[1]) == 0 then return 1 end
",
        check!(),
        r"
if state == 1 then return 1 end
redis.call('SET', KEYS[1], '\2\4' .. string.sub(record, 3, 74) .. ARGV[4], 'PX', ARGV[3])
return 0
"
    ))
});

/// Says whether a mark that is taken is of this same call, which has come twice and knows its own by the token (`ARGV[1]`): marks are put
/// down all at once, so one of them stands for all that the call did. A value of another type is in the way too, any other error is one.
macro_rules! whose {
    () => {
        r"
local function whose(i)
  local known = redis.pcall('GET', KEYS[i])
  if type(known) == 'table' and string.sub(known.err, 1, 9) ~= 'WRONGTYPE' then return known end
  return known == ARGV[1] and 0 or known and i
end
"
    };
}

/// Puts down the first `marks` keys, or takes all back that was put down.
macro_rules! put_down {
    () => {
        r"
for i = 1, marks do
  if not redis.call('SET', KEYS[i], ARGV[1], 'NX', 'PX', ARGV[i + 1]) then
    if i > 1 then redis.call('DEL', unpack(KEYS, 1, i - 1)) end
    if marks < #KEYS then redis.call('DEL', KEYS[#KEYS]) end
    return whose(i)
  end
end
return 0
"
    };
}

/// `KEYS`: marks. `ARGV`: token. Looks for marks that are taken, where a server has no memory to put any down. Returns nothing where all
/// are free.
pub(super) static FIND: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(
        "#!lua flags=allow-oom",
        whose!(),
        r"
for i = 1, #KEYS do
  local answer = whose(i)
  if answer then return answer end
end
"
    ))
});

/// `KEYS`: marks, then the request. `ARGV`: token, the lifetime of each key, the record. A server without memory finds out at
/// the first `SET`, and does not begin.
pub(super) static INSERT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(concat!(
        "local marks = #KEYS - 1",
        whose!(),
        r"
if not redis.call('SET', KEYS[#KEYS], ARGV[#KEYS + 2], 'NX', 'PX', ARGV[#KEYS + 1]) then
  for i = 1, marks do
    local answer = whose(i)
    if answer then return answer end
  end
  return -1
end
",
        put_down!()
    ))
});

/// `KEYS`: marks. `ARGV`: token, the lifetime of each.
pub(super) static REMEMBER: LazyLock<Script> =
    LazyLock::new(|| Script::new(concat!("local marks = #KEYS", whose!(), put_down!())));

/// `KEYS`: marks. `ARGV`: the token that they were put down with. Others stay.
pub(super) static TAKE_BACK: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"#!lua flags=allow-oom
for i = 1, #KEYS do
  if redis.pcall('GET', KEYS[i]) == ARGV[1] then redis.call('DEL', KEYS[i]) end
end
return 0
",
    )
});

/// `KEYS`: one that is never used. `ARGV`: the commands that a push runs on such keys. Returns the first that the user may not run. A
/// script that says nothing about itself but its language is run where one that writes is: not by a replica, nor without memory, nor
/// after an error of the disk, nor without the replicas that there must be.
pub(super) static READY: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"#!lua
for i = 1, #ARGV do
  local others = ARGV[i] == 'SET' and {'', 'PX', '1000'} or {}
  if not redis.acl_check_cmd(ARGV[i], KEYS[1], unpack(others)) then return ARGV[i] end
end
redis.call('GET', KEYS[1])
return 0
",
    )
});

//! Slots of a cluster, and owners whose keys are on a primary of one's choice.

use std::{collections::BTreeMap, sync::Arc};

use redis::{Cmd, Value};
use tokio::time::Instant;

use super::{call::Call, names::tag, script_error::ScriptError, shared_connection::SharedConnection};
use crate::store::RecordKey;

const SLOTS: u16 = 16_384;

/// Returns, for each primary of a cluster, an owner whose keys are there and that no client has; for another server, one such owner.
pub(super) async fn owners(
    connection: &Arc<SharedConnection>,
    deadline: Instant,
    draw: RecordKey,
) -> Result<Vec<RecordKey>, ScriptError> {
    if !connection.may_be_cluster() {
        return Ok(vec![draw]);
    }
    let mut question = Cmd::new();
    question.arg("CLUSTER").arg("SLOTS");
    match connection.run(deadline, &Call::without_key(question)).await {
        Ok(answer) => {
            let owners: Vec<_> = first_slots(&answer).into_iter().filter_map(|slots| owner_in(slots, draw)).collect();
            if owners.is_empty() { Err(ScriptError::Answer) } else { Ok(owners) }
        }
        Err(fault) if fault.is("ERR") || fault.is("NOPERM") => {
            connection.is_no_cluster();
            Ok(vec![draw])
        }
        Err(fault) => Err(fault),
    }
}

/// The first range of slots of each primary.
fn first_slots(answer: &Value) -> Vec<(u16, u16)> {
    let Value::Array(ranges) = answer else { return Vec::new() };
    let mut of_primaries = BTreeMap::new();
    for range in ranges {
        let Value::Array(range) = range else { continue };
        let [Value::Int(from), Value::Int(to), Value::Array(primary), ..] = &**range else { continue };
        // Its identifier comes after address and port, which may be unknown.
        let name = format!("{:?}", primary.get(..3).unwrap_or(primary));
        if let (Ok(from), Ok(to)) = (u16::try_from(*from), u16::try_from(*to)) {
            of_primaries.entry(name).or_insert((from, to));
        }
    }
    of_primaries.into_values().collect()
}

/// An owner whose keys are in one of these slots, made of a random one.
fn owner_in((from, to): (u16, u16), draw: RecordKey) -> Option<RecordKey> {
    let mut bytes = *draw.as_bytes();
    let start = u32::from_be_bytes(*bytes.first_chunk()?);
    // One slot of 16 384 is missed by so many tags in one of 10^27 cases.
    (0..1 << 20).find_map(|count| {
        *bytes.first_chunk_mut()? = start.wrapping_add(count).to_be_bytes();
        let owner = RecordKey::from_bytes(bytes);
        (from..=to).contains(&slot(&tag(&owner))).then_some(owner)
    })
}

/// The slot of a tag: its CRC-16 (XMODEM), as the specification of Redis Cluster has it.
fn slot(tag: &[u8]) -> u16 {
    let shifted = |crc: u16| if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 };
    let crc = tag.iter().fold(0u16, |crc, byte| (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| shifted(crc)));
    crc % SLOTS
}

#[cfg(test)]
mod tests {
    use redis::Value;

    use super::{first_slots, owner_in, slot, tag};
    use crate::store::RecordKey;

    #[test]
    fn slots_are_those_of_the_specification() {
        // `CLUSTER KEYSLOT` of a server.
        for (name, expected) in [("123456789", 12739), ("foo", 12182), ("parjar", 9064)] {
            assert_eq!(slot(name.as_bytes()), expected, "{name}");
        }
    }

    #[test]
    fn there_is_an_owner_for_any_slot() {
        for only in [0, 1, 5461, 16_383] {
            let owner = owner_in((only, only), RecordKey::from_bytes([9; 32])).unwrap();
            assert_eq!(slot(&tag(&owner)), only);
        }
    }

    #[test]
    fn a_primary_with_two_ranges_is_one_primary() {
        // Of `cluster-preferred-endpoint-type unknown-endpoint`: nodes tell neither addresses nor, each behind a proxy, different ports.
        let node = |id: i64| {
            Value::Array(vec![
                Value::Nil,
                Value::Int(6379),
                Value::BulkString(id.to_string().into_bytes()),
                Value::Array(vec![]),
            ])
        };
        let range = |from, to, id| Value::Array(vec![Value::Int(from), Value::Int(to), node(id), node(9)]);
        let answer = Value::Array(vec![range(0, 5, 1), range(6, 9, 2), range(10, 11, 1)]);
        assert_eq!(first_slots(&answer), [(0, 5), (6, 9)]);
        assert_eq!(first_slots(&Value::Okay), []);
    }
}

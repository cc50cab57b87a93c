//! Answers to `INFO`.

use redis::{Cmd, Value};

use super::call::Call;

/// The question, which a cluster puts to all its primaries.
pub(super) fn about_memory() -> Call {
    about("memory")
}

pub(super) fn about(section: &str) -> Call {
    let mut command = Cmd::new();
    command.arg("INFO").arg(section);
    Call::without_key(command)
}

/// Splits an answer to `INFO` into lines. A cluster answers with a map, or an array, of the answers of its primaries.
pub(super) fn lines(answer: &Value) -> Vec<String> {
    let of_text = |text: &str| text.lines().map(|line| line.trim().to_owned()).collect();
    match answer {
        Value::BulkString(bytes) => of_text(&String::from_utf8_lossy(bytes)),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => of_text(text),
        Value::Array(answers) => answers.iter().flat_map(lines).collect(),
        Value::Map(answers) => answers.iter().flat_map(|(_, answer)| lines(answer)).collect(),
        _ => Vec::new(),
    }
}

/// Returns the policy of a server, or of a primary of a cluster, that drops keys when its memory is full.
pub(super) fn evicting_policy(answer: &Value) -> Option<String> {
    let policies =
        lines(answer).into_iter().filter_map(|line| Some(line.strip_prefix("maxmemory_policy:")?.to_owned()));
    policies.into_iter().find(|policy| policy != "noeviction")
}

//! Answers to `INFO`.

use redis::Value;

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

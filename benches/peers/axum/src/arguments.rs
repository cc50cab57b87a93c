//! `--listen ADDRESS --issuer URL --config FILE`, in any order.

/// Returns the value of an option.
pub(crate) fn value_of(option: &str) -> Result<String, String> {
    std::env::args().skip_while(|argument| argument != option).nth(1).ok_or_else(|| format!("{option} is missing"))
}

//! The name that a misspelled one is nearest to.

use strsim::generic_damerau_levenshtein;

/// The most letters that a misspelling changes, adds, leaves out or swaps.
const MAX_DISTANCE: usize = 2;
/// Letters below which one of them may be wrong, and no more: there is little left when two are.
const SHORT: usize = 8;
/// Bytes above which a name is no name.
const MAX_LENGTH: usize = 64;

/// Returns the name that another one is nearly the same as, if there is one.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > MAX_LENGTH {
        return None;
    }
    let name = plain(name);
    let with_distance = |known: &'a str| {
        let letters = plain(known);
        let most = if letters.len() < SHORT { 1 } else { MAX_DISTANCE };
        if name.len().abs_diff(letters.len()) > most {
            return None;
        }
        let distance = generic_damerau_levenshtein(&name, &letters);
        (distance <= most).then_some((distance, known))
    };
    known.into_iter().filter_map(with_distance).min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}

/// A name in one case, with one kind of separator, and without the prefix that some forget.
fn plain(name: &str) -> Vec<u8> {
    let name = name.strip_prefix("danger_").unwrap_or(name);
    name.bytes()
        .filter(|byte| !matches!(byte, b'_' | b'-' | b' ' | b'.'))
        .map(|byte| byte.to_ascii_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_nearest_name_is_found_and_what_is_far_from_all_has_none() {
        let known = ["private_key_jwt", "client_secret_jwt", "none", "ES256", "ES256K", "danger_allow_it"];
        for (name, expected) in [
            ("private_key_jwk", Some("private_key_jwt")),
            ("privatekeyjwt", Some("private_key_jwt")),
            ("Private-Key-JWT", Some("private_key_jwt")),
            ("client_secret_jtw", Some("client_secret_jwt")),
            ("non", Some("none")),
            ("no", None),
            ("es256", Some("ES256")),
            ("ES256KK", Some("ES256K")),
            ("allow_it", Some("danger_allow_it")),
            ("", None),
            ("private", None),
            ("s3cret", None),
        ] {
            assert_eq!(nearest(name, known), expected, "{name}");
        }
        assert_eq!(nearest(&"x".repeat(1 << 20), known), None);
    }
}

//! For how long a response is fresh (RFC 9111 section 4.2).

use std::time::{Duration, SystemTime};

use reqwest::header::{AGE, CACHE_CONTROL, DATE, EXPIRES, HeaderMap, HeaderName};

/// Returns for how long a response may be used from `now` on, or `None` if it does not say. One that is not to be stored, or to be
/// asked for again each time, is fresh for no time.
pub(super) fn lifetime(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let given = given_lifetime(headers, now)?;
    let age = text(headers, &AGE).and_then(|age| age.trim().parse().ok()).map_or(Duration::ZERO, Duration::from_secs);
    Some(given.saturating_sub(age))
}

fn given_lifetime(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let mut max_age = None;
    for value in headers.get_all(CACHE_CONTROL) {
        // What is not text is no directive that shortens anything by intent, but safer read as one.
        let Ok(value) = value.to_str() else { return Some(Duration::ZERO) };
        for directive in value.split(',') {
            let (name, argument) = directive.split_once('=').unwrap_or((directive, ""));
            match name.trim().to_ascii_lowercase().as_str() {
                "no-store" | "no-cache" => return Some(Duration::ZERO),
                // Of two the shorter one counts, and what is no number is stale (section 4.2.1).
                "max-age" => {
                    let seconds = argument.trim().trim_matches('"').parse().unwrap_or(0);
                    max_age = Some(max_age.map_or(seconds, |other: u64| other.min(seconds)));
                }
                _ => {}
            }
        }
    }
    if let Some(seconds) = max_age {
        return Some(Duration::from_secs(seconds));
    }
    let expires = text(headers, &EXPIRES)?;
    // An invalid date, as "0", is one in the past (section 5.3).
    let Ok(expires) = httpdate::parse_http_date(expires) else { return Some(Duration::ZERO) };
    let date = text(headers, &DATE).and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or(now);
    Some(expires.duration_since(date).unwrap_or(Duration::ZERO))
}

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).map(|value| value.to_str().unwrap_or(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

    #[test]
    fn cache_control_counts_before_expires_and_age_is_taken_off() {
        type Headers<'h> = &'h [(&'h str, &'h str)];
        let cases: &[(Headers<'_>, Option<u64>)] = &[
            (&[], None),
            (&[("age", "10")], None),
            (&[("cache-control", "public")], None),
            (&[("cache-control", "max-age=600")], Some(600)),
            (&[("cache-control", "public, Max-Age=600, immutable")], Some(600)),
            (&[("cache-control", "max-age=\"600\"")], Some(600)),
            (&[("cache-control", "max-age=600"), ("cache-control", "max-age=60")], Some(60)),
            (&[("cache-control", "max-age=600"), ("age", "100")], Some(500)),
            (&[("cache-control", "max-age=600"), ("age", "1000")], Some(0)),
            (&[("cache-control", "max-age=600, no-store")], Some(0)),
            (&[("cache-control", "no-cache")], Some(0)),
            (&[("cache-control", "max-age=soon")], Some(0)),
            (&[("cache-control", "max-age=-1")], Some(0)),
            (&[("cache-control", "max-age=99999999999999999999999")], Some(0)),
            (&[("cache-control", "max-age=18446744073709551615")], Some(u64::MAX)),
            (&[("expires", "Sun, 06 Nov 1994 08:59:37 GMT")], Some(600)),
            (&[("expires", "Sun, 06 Nov 1994 08:59:37 GMT"), ("date", "Sun, 06 Nov 1994 08:58:37 GMT")], Some(60)),
            (&[("expires", "Sun, 06 Nov 1994 08:39:37 GMT")], Some(0)),
            (&[("expires", "0")], Some(0)),
            (&[("expires", "Sun, 06 Nov 1994 08:59:37 GMT"), ("cache-control", "max-age=5")], Some(5)),
        ];
        let now = httpdate::parse_http_date(NOW).unwrap();
        for (headers, expected) in cases {
            let mut map = HeaderMap::new();
            for (name, value) in *headers {
                map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
            }
            assert_eq!(lifetime(&map, now), expected.map(Duration::from_secs), "{headers:?}");
        }
    }
}

//! The attributes of names in certificates.

use x509_cert::der::asn1::ObjectIdentifier;

/// The names of RFC 4514 section 3, RFC 4519, RFC 5280 appendix A.1, X.520, the guidelines of the CA/Browser Forum, and
/// those that OpenSSL, Java and .NET print.
const NAMES: [(&str, &[&str]); 29] = [
    ("0.9.2342.19200300.100.1.1", &["UID", "userId"]),
    ("0.9.2342.19200300.100.1.25", &["DC", "domainComponent"]),
    ("1.2.840.113549.1.9.1", &["emailAddress", "E", "email"]),
    ("1.3.6.1.4.1.311.60.2.1.1", &["jurisdictionL", "jurisdictionLocalityName"]),
    ("1.3.6.1.4.1.311.60.2.1.2", &["jurisdictionST", "jurisdictionStateOrProvinceName"]),
    ("1.3.6.1.4.1.311.60.2.1.3", &["jurisdictionC", "jurisdictionCountryName"]),
    ("2.5.4.3", &["CN", "commonName"]),
    ("2.5.4.4", &["SN", "surname"]),
    ("2.5.4.5", &["serialNumber"]),
    ("2.5.4.6", &["C", "countryName"]),
    ("2.5.4.7", &["L", "localityName"]),
    ("2.5.4.8", &["ST", "S", "stateOrProvinceName"]),
    ("2.5.4.9", &["STREET", "streetAddress"]),
    ("2.5.4.10", &["O", "organizationName"]),
    ("2.5.4.11", &["OU", "organizationalUnitName"]),
    ("2.5.4.12", &["title", "T"]),
    ("2.5.4.13", &["description"]),
    ("2.5.4.15", &["businessCategory"]),
    ("2.5.4.16", &["postalAddress"]),
    ("2.5.4.17", &["postalCode"]),
    ("2.5.4.18", &["postOfficeBox", "POBox"]),
    ("2.5.4.20", &["telephoneNumber", "phone"]),
    ("2.5.4.41", &["name"]),
    ("2.5.4.42", &["GN", "G", "givenName"]),
    ("2.5.4.43", &["initials", "I"]),
    ("2.5.4.44", &["generationQualifier", "generation"]),
    ("2.5.4.46", &["dnQualifier", "DNQ"]),
    ("2.5.4.65", &["pseudonym"]),
    ("2.5.4.97", &["organizationIdentifier"]),
];

/// Returns the type of this name, without regard to case, or of this dotted identifier, before which Java and .NET
/// print `OID.` as RFC 1779 has it.
pub(super) fn parse(text: &str) -> Option<ObjectIdentifier> {
    let dotted = match text.split_at_checked(4) {
        Some((prefix, dotted)) if prefix.eq_ignore_ascii_case("OID.") => dotted,
        _ => text,
    };
    if dotted.starts_with(|first: char| first.is_ascii_digit()) {
        return ObjectIdentifier::new(dotted).ok();
    }
    let known = |(_, names): &&(&str, &[&str])| names.iter().any(|name| name.eq_ignore_ascii_case(text));
    let (dotted, _) = NAMES.iter().find(known)?;
    ObjectIdentifier::new(dotted).ok()
}

#[cfg(test)]
mod tests {
    use super::{NAMES, parse};

    #[test]
    fn every_name_has_one_meaning() {
        for (dotted, names) in NAMES {
            for name in names {
                assert_eq!(parse(name).unwrap().to_string(), dotted, "{name}");
                assert_eq!(parse(&name.to_uppercase()), parse(dotted), "{name}");
            }
        }
        assert_eq!(parse("OID.2.5.4.97"), parse("2.5.4.97"));
        assert_eq!(parse("oid.2.5.4.97"), parse("2.5.4.97"));
        for none in ["commonNam", "OID.", "OID.CN", "OID.OID.2.5.4.3"] {
            assert_eq!(parse(none), None, "{none}");
        }
        assert_eq!(parse(""), None);
    }
}

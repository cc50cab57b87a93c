//! A certificate of a client that no authority vouches for (RFC 8705 section 2.2), and its private key.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use josekit::jwk::{
    KeyPair as _,
    alg::ec::{EcCurve, EcKeyPair},
};
use openssl::{
    asn1::Asn1Time,
    bn::BigNum,
    error::ErrorStack,
    hash::MessageDigest,
    nid::Nid,
    pkey::PKey,
    x509::{X509, X509NameBuilder},
};
use parjar::{ClientCertificate, PeerCertificate};
use serde_json::{Map, Value, json};

/// Days after which it counts as expired. The process that made it has ended by then.
const LIFE: u32 = 365;

pub(crate) struct OwnCertificate {
    shown: PeerCertificate,
    public_jwk: Map<String, Value>,
    pem: String,
}

impl OwnCertificate {
    /// A new one, which is gone with the process.
    pub(crate) fn generate(name: &str) -> Result<Self, &'static str> {
        let pair = EcKeyPair::generate(EcCurve::P256).map_err(|_| "cannot make a key")?;
        let key = pair.to_pem_private_key();
        let certificate = self_signed(name, &key).map_err(|_| "cannot make a certificate")?;
        let failed = |_: ErrorStack| "cannot write a certificate";
        let der = certificate.to_der().map_err(failed)?;
        let mut public_jwk: Map<String, Value> = pair.to_jwk_public_key().into();
        public_jwk.extend([("use".to_owned(), "sig".into()), ("x5c".to_owned(), json!([STANDARD.encode(&der)]))]);
        let pem = [key, certificate.to_pem().map_err(failed)?].concat();
        Ok(Self {
            shown: ClientCertificate::with_unverified_chain(&der).into(),
            public_jwk,
            pem: String::from_utf8_lossy(&pem).into_owned(),
        })
    }

    /// What the server sees of it after a handshake.
    pub(super) fn shown(&self) -> &PeerCertificate {
        &self.shown
    }

    /// The public key with the certificate, as the client registers them.
    pub(crate) fn public_jwk(&self) -> &Map<String, Value> {
        &self.public_jwk
    }

    /// Private key and certificate in one file, as curl takes them.
    pub(super) fn pem(&self) -> &str {
        &self.pem
    }
}

fn self_signed(name: &str, key: &[u8]) -> Result<X509, ErrorStack> {
    let key = PKey::private_key_from_pem(key)?;
    let mut subject = X509NameBuilder::new()?;
    subject.append_entry_by_nid(Nid::COMMONNAME, name)?;
    let subject = subject.build();
    let mut certificate = X509::builder()?;
    certificate.set_version(2)?;
    let serial = BigNum::from_u32(1)?.to_asn1_integer()?;
    certificate.set_serial_number(&serial)?;
    certificate.set_subject_name(&subject)?;
    certificate.set_issuer_name(&subject)?;
    let (from, to) = (Asn1Time::days_from_now(0)?, Asn1Time::days_from_now(LIFE)?);
    certificate.set_not_before(&from)?;
    certificate.set_not_after(&to)?;
    certificate.set_pubkey(&key)?;
    certificate.sign(&key, MessageDigest::sha256())?;
    Ok(certificate.build())
}

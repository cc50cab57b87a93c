//! An HTTPS server on this machine, which does whatever a test wants, with certificates of an authority of its own.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{IpAddr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use openssl::{
    asn1::Asn1Time,
    bn::BigNum,
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::{PKey, Private},
    ssl::{SslAcceptor, SslMethod, SslStream},
    x509::{
        X509, X509Name,
        extension::{BasicConstraints, SubjectAlternativeName},
    },
};
use parjar::reexports::reqwest;

/// One answer: is given the stream once the head of the request was read.
pub(crate) type Answer = dyn Fn(&str, &mut SslStream<TcpStream>) + Send + Sync;

pub(crate) struct TlsServer {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    heads: Arc<Mutex<Vec<String>>>,
    ended: Arc<AtomicBool>,
}

/// Signs certificates of servers.
pub(crate) struct Authority {
    key: PKey<Private>,
    certificate: X509,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let key = new_key();
        let certificate = certificate(name, &key, None, None);
        Self { key, certificate }
    }

    /// A client of the host's that trusts nobody but this authority.
    pub(crate) fn client(&self) -> reqwest::ClientBuilder {
        let certificate = reqwest::Certificate::from_pem(&self.certificate.to_pem().unwrap()).unwrap();
        reqwest::Client::builder().tls_certs_only([certificate])
    }
}

fn new_key() -> PKey<Private> {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap()
}

fn certificate(name: &str, key: &PKey<Private>, issuer: Option<&Authority>, host: Option<&str>) -> X509 {
    let mut subject = X509Name::builder().unwrap();
    subject.append_entry_by_text("CN", name).unwrap();
    let subject = subject.build();
    let mut builder = X509::builder().unwrap();
    builder.set_version(2).unwrap();
    let mut serial = BigNum::new().unwrap();
    serial.rand(64, openssl::bn::MsbOption::ONE, false).unwrap();
    builder.set_serial_number(&serial.to_asn1_integer().unwrap()).unwrap();
    builder.set_subject_name(&subject).unwrap();
    builder.set_issuer_name(issuer.map_or(&subject, |issuer| issuer.certificate.subject_name())).unwrap();
    builder.set_not_before(&Asn1Time::from_unix(1_600_000_000).unwrap()).unwrap();
    builder.set_not_after(&Asn1Time::from_unix(4_000_000_000).unwrap()).unwrap();
    builder.set_pubkey(key).unwrap();
    if let Some(host) = host {
        let names = SubjectAlternativeName::new().dns(host).build(&builder.x509v3_context(None, None)).unwrap();
        builder.append_extension(names).unwrap();
    } else {
        builder.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
    }
    builder.sign(issuer.map_or(key, |issuer| &issuer.key), MessageDigest::sha256()).unwrap();
    builder.build()
}

impl TlsServer {
    /// A server with a certificate for `host`.
    pub(crate) fn start(
        authority: &Authority,
        host: &str,
        at: impl Into<SocketAddr>,
        answer: impl Fn(&str, &mut SslStream<TcpStream>) + Send + Sync + 'static,
    ) -> Self {
        let key = new_key();
        let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
        acceptor.set_private_key(&key).unwrap();
        acceptor.set_certificate(&certificate(host, &key, Some(authority), Some(host))).unwrap();
        let (acceptor, answer): (SslAcceptor, Arc<Answer>) = (acceptor.build(), Arc::new(answer));
        let listener = TcpListener::bind(at.into()).unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            heads: Arc::default(),
            ended: Arc::default(),
        };
        let (connections, heads) = (Arc::clone(&server.connections), Arc::clone(&server.heads));
        let ended = Arc::clone(&server.ended);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                connections.fetch_add(1, Ordering::SeqCst);
                let (acceptor, answer, heads) = (acceptor.clone(), Arc::clone(&answer), Arc::clone(&heads));
                thread::spawn(move || {
                    let Ok(mut stream) = acceptor.accept(stream) else { return };
                    let mut head = String::new();
                    let mut lines = BufReader::new(&mut stream);
                    while !head.ends_with("\r\n\r\n") && lines.read_line(&mut head).is_ok_and(|bytes| bytes > 0) {}
                    drop(lines);
                    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                    heads.lock().unwrap().push(head);
                    answer(&path, &mut stream);
                    let _ = stream.shutdown();
                });
            }
        });
        server
    }

    /// A server that sends the same body each time.
    pub(crate) fn of_document(authority: &Authority, host: &str, headers: &str, body: &str) -> Self {
        let response = response(headers, body);
        Self::start(authority, host, ([127, 0, 0, 1], 0), move |_, stream| send(stream, &response))
    }

    pub(crate) fn ip(&self) -> IpAddr {
        self.address.ip()
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Connections that were accepted.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The request lines and headers that came.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

pub(crate) fn response(headers: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len())
}

/// Sends what the client still takes.
pub(crate) fn send(stream: &mut SslStream<TcpStream>, bytes: impl AsRef<[u8]>) {
    let _ = stream.write_all(bytes.as_ref()).and_then(|()| stream.flush());
}

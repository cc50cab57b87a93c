//! Fetching what strangers publish: from a real TLS server, by names whose addresses a test chooses.

use std::{
    collections::HashMap,
    error::Error,
    io::Write as _,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use parjar::{
    DocumentSource, FetchError, FetchedDocument, GuardedFetcher, GuardedFetcherBuilder, JwksCacheLimits, JwksSource,
    reexports::reqwest::{
        self,
        dns::{Addrs, Name, Resolve, Resolving},
    },
};
use serde_json::json;

use crate::{
    support::{CALLBACK, Server, code_request},
    tls_server::{Authority, TlsServer, response, send},
    tokens::{ES256_KEY, assertion, with_assertion},
};

const HOST: &str = "keys.example.com";
const JSON: &str = "Content-Type: application/json\r\n";

/// Answers each question about a name with the next of its answers, and with the last one from then on.
#[derive(Clone, Default)]
pub(crate) struct Names(Arc<Mutex<HashMap<String, Vec<Vec<IpAddr>>>>>);

impl Names {
    pub(crate) fn of(name: &str, answers: &[&[IpAddr]]) -> Self {
        let answers = answers.iter().rev().map(|answer| answer.to_vec()).collect();
        Self(Arc::new(Mutex::new(HashMap::from([(name.to_owned(), answers)]))))
    }
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let mut names = self.0.lock().unwrap();
        let answers = names.get_mut(name.as_str());
        let answer = answers.and_then(|left| if left.len() > 1 { left.pop() } else { left.last().cloned() });
        Box::pin(async move {
            let addresses = answer.ok_or("no such name")?;
            Ok(Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0))) as Addrs)
        })
    }
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Another address of this machine, which stands for one that must not be connected to.
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// A fetcher of a developer: it finds [`HOST`] on this machine, and connects to it.
fn fetcher(authority: &Authority) -> GuardedFetcherBuilder {
    GuardedFetcher::builder(authority.client())
        .resolver(Names::of(HOST, &[&[HERE]]))
        .danger_allow_private_addresses()
        .time_limit(Duration::from_secs(60))
}

fn get(fetcher: GuardedFetcherBuilder, url: &str) -> Result<FetchedDocument, FetchError> {
    let fetcher = fetcher.build().unwrap();
    block_on(DocumentSource::fetch(&fetcher, url))
}

fn url(server: &TlsServer) -> String {
    format!("https://{HOST}:{}/document?canary-of-url", server.port())
}

/// The error with all of its causes, as a host would log it.
fn chain(error: &dyn Error) -> String {
    error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {}", chain(cause)))
}

#[test]
fn a_document_is_fetched_with_the_time_for_which_it_is_fresh() {
    let authority = Authority::new("Test");
    let headers = format!("{JSON}Cache-Control: max-age=600\r\nAge: 60\r\n");
    let server = TlsServer::of_document(&authority, HOST, &headers, r#"{ "a": 1 }"#);
    let document = get(fetcher(&authority), &url(&server)).unwrap();
    assert_eq!((document.body(), document.max_age()), (r#"{ "a": 1 }"#, Some(Duration::from_secs(540))));
    let heads = server.heads();
    let head = heads[0].to_ascii_lowercase();
    assert_eq!(heads.len(), 1);
    assert!(head.starts_with("get /document?canary-of-url http/1.1\r\n"), "{head}");
    assert!(head.contains("\r\naccept: application/json\r\n"), "{head}");
    assert!(head.contains("\r\naccept-encoding: identity\r\n"), "{head}");
}

#[test]
fn a_client_authenticates_with_keys_that_were_fetched() {
    let authority = Authority::new("Test");
    let keys = json!({ "keys": [ES256_KEY.public()] }).to_string();
    let server = TlsServer::of_document(&authority, HOST, "Content-Type: application/jwk-set+json\r\n", &keys);
    let client = json!({
        "client_id": "c1", "token_endpoint_auth_method": "private_key_jwt", "redirect_uris": [CALLBACK],
        "jwks_uri": format!("https://{HOST}:{}/jwks", server.port()),
    });
    let source = fetcher(&authority).build().unwrap();
    let par = Server::built(parjar::Policy::oauth(), [client], Default::default(), |builder| {
        builder.jwks_source(source).jwks_cache(JwksCacheLimits::default())
    });
    let assertion = assertion("c1", json!({}));
    let body = code_request(&with_assertion(&assertion));
    let request = parjar::FormRequest::new("POST", [("content-type", crate::support::FORM.as_bytes())], &body);
    block_on(par.par.push(&request)).unwrap();
    let head = server.heads()[0].to_ascii_lowercase();
    assert!(head.contains("\r\naccept: application/jwk-set+json, application/json\r\n"), "{head}");
}

#[test]
fn a_redirect_is_not_followed() {
    let authority = Authority::new("Test");
    for status in [301, 302, 303, 307, 308] {
        let moved = format!("HTTP/1.1 {status} Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n");
        let server = TlsServer::start(&authority, HOST, ([127, 0, 0, 1], 0), move |_, stream| send(stream, &moved));
        let error = get(fetcher(&authority), &url(&server)).unwrap_err();
        assert!(matches!(error, FetchError::Redirect(with) if with == status), "{error}");
        assert_eq!(server.heads().len(), 1);
    }
}

#[test]
fn nothing_but_a_200_with_json_is_taken() {
    let authority = Authority::new("Test");
    for status in [201, 203, 204, 206, 400, 401, 404, 410, 429, 500, 503] {
        let answer = format!("HTTP/1.1 {status} Status\r\n{JSON}Content-Length: 2\r\n\r\n{{}}");
        let server = TlsServer::start(&authority, HOST, ([127, 0, 0, 1], 0), move |_, stream| send(stream, &answer));
        let error = get(fetcher(&authority), &url(&server)).unwrap_err();
        assert!(matches!(error, FetchError::Status(with) if with == status), "{error}");
        assert_eq!(error.is_gone(), status == 404 || status == 410);
    }
    let types = [
        ("", false),
        ("Content-Type: text/html\r\n", false),
        ("Content-Type: text/json\r\n", false),
        ("Content-Type: application/javascript\r\n", false),
        ("Content-Type: Application/JSON; charset=utf-8\r\n", true),
        ("Content-Type: application/oauth-client+json\r\n", true),
    ];
    for (headers, is_taken) in types {
        let server = TlsServer::of_document(&authority, HOST, headers, "{}");
        match get(fetcher(&authority), &url(&server)) {
            Ok(_) => assert!(is_taken, "{headers}"),
            Err(error) => assert!(!is_taken && matches!(error, FetchError::ContentType), "{headers} {error}"),
        }
    }
}

#[test]
fn no_more_is_read_than_the_limit() {
    let authority = Authority::new("Test");
    let exact = TlsServer::of_document(&authority, HOST, JSON, &"1".repeat(64 * 1024));
    assert_eq!(get(fetcher(&authority), &url(&exact)).unwrap().body().len(), 64 * 1024);
    let longer = TlsServer::of_document(&authority, HOST, JSON, &"1".repeat(64 * 1024 + 1));
    let error = get(fetcher(&authority), &url(&longer)).unwrap_err();
    assert!(matches!(error, FetchError::TooLarge(65536)), "{error}");
    // Without a length, and without an end.
    let endless = TlsServer::start(&authority, HOST, ([127, 0, 0, 1], 0), |_, stream| {
        send(stream, format!("HTTP/1.1 200 OK\r\n{JSON}Transfer-Encoding: chunked\r\n\r\n"));
        let piece = format!("1000\r\n{}\r\n", "1".repeat(4096));
        while stream.write_all(piece.as_bytes()).is_ok() {}
    });
    let error = get(fetcher(&authority), &url(&endless)).unwrap_err();
    assert!(matches!(error, FetchError::TooLarge(65536)), "{error}");
}

#[test]
fn a_slow_answer_ends_at_the_time_limit_wherever_it_is_slow() {
    let authority = Authority::new("Test");
    let beginnings = ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"];
    for beginning in beginnings {
        let server = TlsServer::start(&authority, HOST, ([127, 0, 0, 1], 0), move |_, stream| {
            send(stream, beginning);
            // Each byte comes in time for itself, and is a header if it is not the body.
            for piece in std::iter::repeat("x: y\r\n") {
                if stream.write_all(piece.as_bytes()).is_err() {
                    return;
                }
                thread::sleep(Duration::from_millis(20));
            }
        });
        let fetcher = fetcher(&authority).time_limit(Duration::from_millis(400));
        let error = get(fetcher, &url(&server)).unwrap_err();
        // Before the time is up, the client may find that this is no HTTP.
        assert!(
            matches!(error, FetchError::TimeLimit) || (beginning.is_empty() && matches!(error, FetchError::Broken(_))),
            "{beginning:?}: {error}"
        );
    }
    // One that accepts, and says nothing at all.
    let silent = TcpListener::bind((HERE, 0)).unwrap();
    let url = format!("https://{HOST}:{}/", silent.local_addr().unwrap().port());
    let error = get(fetcher(&authority).time_limit(Duration::from_millis(400)), &url).unwrap_err();
    assert!(matches!(error, FetchError::TimeLimit), "{error}");
}

#[test]
fn a_certificate_must_be_of_a_trusted_authority_and_for_the_host() {
    let authority = Authority::new("Test");
    let stranger = Authority::new("Stranger");
    let servers = [
        TlsServer::of_document(&stranger, HOST, JSON, "{}"),
        TlsServer::of_document(&authority, "other.example.com", JSON, "{}"),
    ];
    for server in servers {
        let error = get(fetcher(&authority), &url(&server)).unwrap_err();
        assert!(matches!(error, FetchError::Connection(_)), "{error}");
        assert!(chain(&error).contains("certificate"), "the cause is there: {}", chain(&error));
        assert!(server.heads().is_empty(), "nothing was asked");
    }
    // And one that speaks no TLS.
    let plain = TcpListener::bind((HERE, 0)).unwrap();
    let url = format!("https://{HOST}:{}/", plain.local_addr().unwrap().port());
    let plain = thread::spawn(move || plain.accept().unwrap().0.write_all(b"HTTP/1.1 200 OK\r\n\r\n"));
    assert!(matches!(get(fetcher(&authority), &url), Err(FetchError::Connection(_))));
    plain.join().unwrap().unwrap();
}

#[test]
fn a_connection_that_breaks_off_is_no_document() {
    let authority = Authority::new("Test");
    let answers = [
        "",
        "HTTP/1.1 200",
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{ \"canary-of-body\": true",
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{ \"canary-of-body",
    ];
    for answer in answers {
        let server = TlsServer::start(&authority, HOST, ([127, 0, 0, 1], 0), move |_, stream| send(stream, answer));
        let error = get(fetcher(&authority), &url(&server)).unwrap_err();
        assert!(matches!(error, FetchError::Broken(_)), "{answer:?}: {error}");
        let text = format!("{error:?} {}", chain(&error));
        assert!(!text.contains("canary"), "{text}");
    }
    let nobody = TcpListener::bind((HERE, 0)).unwrap().local_addr().unwrap().port();
    let error = get(fetcher(&authority), &format!("https://{HOST}:{nobody}/canary")).unwrap_err();
    assert!(matches!(error, FetchError::Connection(_)), "{error}");
    assert!(!chain(&error).contains("canary"), "{}", chain(&error));
}

#[test]
fn what_is_compressed_is_not_unpacked() {
    let authority = Authority::new("Test");
    for encoding in ["gzip", "br", "zstd", "deflate", "gzip, identity"] {
        let headers = format!("{JSON}Content-Encoding: {encoding}\r\n");
        let server = TlsServer::of_document(&authority, HOST, &headers, "{}");
        let error = get(fetcher(&authority), &url(&server)).unwrap_err();
        assert!(matches!(error, FetchError::ContentEncoding), "{encoding}: {error}");
    }
    // The same without the header: bytes as they come.
    let server = TlsServer::start(&authority, HOST, ([127, 0, 0, 1], 0), |_, stream| {
        let gzip = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0xab, 0xae, 5, 0, 0x43, 0xbf, 0xa6, 0xa3, 2, 0, 0, 0];
        send(stream, format!("HTTP/1.1 200 OK\r\n{JSON}Content-Length: {}\r\n\r\n", gzip.len()));
        send(stream, gzip);
    });
    let error = get(fetcher(&authority), &url(&server)).unwrap_err();
    assert!(matches!(error, FetchError::NotUtf8), "{error}");
    let identity = TlsServer::of_document(&authority, HOST, &format!("{JSON}Content-Encoding: identity\r\n"), "{}");
    get(fetcher(&authority), &url(&identity)).unwrap();
}

#[test]
fn a_name_that_leads_into_the_network_is_not_connected_to() {
    let authority = Authority::new("Test");
    let server = TlsServer::of_document(&authority, HOST, JSON, "{}");
    let addresses = [
        "127.0.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
        "::127.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b:1::127.0.0.1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "0.0.0.0",
        "::",
        "10.0.0.1",
        "169.254.169.254",
        "100.100.100.200",
        "fd00:ec2::254",
        "fe80::1",
        "224.0.0.1",
        "255.255.255.255",
    ];
    for address in addresses {
        let names = Names::of(HOST, &[&[address.parse().unwrap()]]);
        let guarded = GuardedFetcher::builder(authority.client()).resolver(names);
        let error = get(guarded, &url(&server)).unwrap_err();
        assert!(matches!(error, FetchError::ForbiddenAddress), "{address}: {error}");
    }
    // By the resolver of the operating system.
    let localhost = format!("https://localhost:{}/", server.port());
    let error = get(GuardedFetcher::builder(authority.client()), &localhost).unwrap_err();
    assert!(matches!(error, FetchError::ForbiddenAddress), "{error}");
    assert_eq!(server.connections(), 0);
}

#[test]
fn an_address_in_the_url_is_not_connected_to() {
    let authority = Authority::new("Test");
    let server = TlsServer::of_document(&authority, HOST, JSON, "{}");
    let hosts = [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0x7f.1",
        "0",
        "%31%32%37.0.0.1",
        "127。0。0。1",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:7f00:0001]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "10.0.0.1",
    ];
    for host in hosts {
        let url = format!("https://{host}:{}/", server.port());
        let error = get(GuardedFetcher::builder(authority.client()), &url).unwrap_err();
        assert!(matches!(error, FetchError::ForbiddenAddress), "{host}: {error}");
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn only_https_urls_with_the_ports_of_web_servers_are_fetched() {
    let authority = Authority::new("Test");
    let urls = [
        "http://keys.example.com/",
        "ftp://keys.example.com/",
        "file:///etc/passwd",
        "data:application/json,{}",
        "https://user@keys.example.com/",
        "https://user:password@keys.example.com/",
        "https://keys.example.com:25/",
        "https://keys.example.com:0/",
        "https://keys.example.com:80/",
        "https://",
        "not a URL",
        "",
    ];
    for url in urls {
        let error = get(fetcher(&authority), url).unwrap_err();
        assert!(matches!(error, FetchError::Url(_)), "{url}: {error}");
    }
}

#[test]
fn an_answer_that_changes_between_fetches_is_checked_each_time() {
    let authority = Authority::new("Test");
    let inside = TlsServer::start(&authority, HOST, (ELSEWHERE, 0), |_, stream| send(stream, response(JSON, "{}")));
    let outside = TlsServer::start(&authority, HOST, (HERE, inside.port()), |_, stream| {
        send(stream, response(JSON, "{}"));
    });
    assert_eq!((inside.ip(), outside.ip()), (ELSEWHERE, HERE));
    let names = Names::of(HOST, &[&[HERE], &[ELSEWHERE], &[ELSEWHERE, HERE]]);
    let guarded = fetcher(&authority).resolver(names).refuse_addresses(|address| address == ELSEWHERE).build().unwrap();
    block_on(async {
        DocumentSource::fetch(&guarded, &url(&inside)).await.unwrap();
        // The name is resolved anew, and by nobody but the one who connects.
        let error = DocumentSource::fetch(&guarded, &url(&inside)).await.unwrap_err();
        assert!(matches!(error, FetchError::ForbiddenAddress), "{error}");
        // Of several addresses, only those that are permitted are tried.
        DocumentSource::fetch(&guarded, &url(&inside)).await.unwrap();
    });
    assert_eq!((inside.connections(), outside.connections()), (0, 2));
}

#[test]
fn nothing_that_the_client_of_the_host_brings_leads_around_the_guard() {
    let authority = Authority::new("Test");
    let server = TlsServer::of_document(&authority, HOST, JSON, "{}");
    let proxy = TcpListener::bind((HERE, 0)).unwrap();
    proxy.set_nonblocking(true).unwrap();
    let proxied = reqwest::Proxy::all(format!("http://{}", proxy.local_addr().unwrap())).unwrap();
    let client = authority.client().proxy(proxied).redirect(reqwest::redirect::Policy::limited(5));
    let guarded =
        GuardedFetcher::builder(client).resolver(Names::of(HOST, &[&[HERE]])).danger_allow_private_addresses();
    get(guarded, &url(&server)).unwrap();
    assert!(proxy.accept().is_err(), "nobody came to the proxy");
    // Its own names are looked at when there is an answer.
    let client = authority.client().resolve(HOST, SocketAddr::new(HERE, 0));
    let error = get(GuardedFetcher::builder(client), &url(&server)).unwrap_err();
    assert!(matches!(error, FetchError::ForbiddenAddress), "{error}");
}

#[test]
fn a_name_that_nobody_knows_is_told_from_one_that_is_refused() {
    let authority = Authority::new("Test");
    let unknown = GuardedFetcher::builder(authority.client()).resolver(Names::default());
    let error = get(unknown, "https://nowhere.example.com/canary").unwrap_err();
    assert!(matches!(error, FetchError::Name(_)), "{error}");
    assert!(chain(&error).contains("no such name") && !chain(&error).contains("canary"), "{}", chain(&error));
    let empty = GuardedFetcher::builder(authority.client()).resolver(Names::of(HOST, &[&[]]));
    assert!(matches!(get(empty, "https://keys.example.com/"), Err(FetchError::Name(_))));
}

#[test]
fn a_failed_fetch_of_keys_has_its_reason_as_cause() {
    let authority = Authority::new("Test");
    let fetcher = fetcher(&authority).build().unwrap();
    let error = block_on(JwksSource::fetch(&fetcher, "http://keys.example.com/")).unwrap_err();
    let cause = error.source().unwrap().downcast_ref::<FetchError>();
    assert!(matches!(cause, Some(FetchError::Url(_))), "{}", chain(&error));
}

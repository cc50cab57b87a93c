//! HTTP/1.1 over plain sockets: one connection for each request, so that a client can be slow, hang up, or send anything.

use std::{io, net::Ipv4Addr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use url::form_urlencoded::Serializer;

/// When a client gives up. A server that is stopped in the meantime answers late; one that never answers is found by what comes after a fault.
const PATIENCE: Duration = Duration::from_secs(40);

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    /// The value of a header that comes at most once.
    pub(crate) fn header(&self, wanted: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        let value = values.next();
        assert!(values.next().is_none() || wanted == "set-cookie", "{wanted} comes twice: {self:?}");
        value
    }

    fn was_too_slow(&self) -> bool {
        self.status == 408 || self.status == 400 && self.body == "the body broke off\n"
    }

    /// The OAuth error of a page, or of a JSON document.
    pub(crate) fn error(&self) -> Option<String> {
        let on_page =
            || self.body.split_once("<code id=\"error\">")?.1.split_once('<').map(|(code, _)| code.to_owned());
        let json: Option<serde_json::Value> = serde_json::from_str(&self.body).ok();
        json.map_or_else(on_page, |json| Some(json.get("error")?.as_str()?.to_owned()))
    }
}

pub(crate) fn form<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// The bytes of a request whose connection ends with its answer.
pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: as.example.com\r\nconnection: close\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    if method == "POST" || !body.is_empty() {
        head += &format!("content-length: {}\r\n", body.len());
    }
    head += "\r\n";
    [head.as_bytes(), body].concat()
}

pub(crate) async fn connect(port: u16) -> io::Result<TcpStream> {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await
}

/// Sends these bytes and reads the answer to its end. An error says that there was none, or half of one.
pub(crate) async fn exchange(port: u16, bytes: &[u8]) -> io::Result<Answer> {
    let exchange = async {
        let mut stream = connect(port).await?;
        // A server may answer, and close, before it has read all.
        let _ = stream.write_all(bytes).await;
        answer(&mut stream).await
    };
    tokio::time::timeout(PATIENCE, exchange).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// What comes until the server closes the connection, as one answer. That a request was too slow is none: it is what clients see whose server is
/// stopped, or whose clock jumps, while they send.
pub(crate) async fn answer(stream: &mut TcpStream) -> io::Result<Answer> {
    let mut bytes = Vec::new();
    let end = stream.read_to_end(&mut bytes).await;
    let text = String::from_utf8(bytes).map_err(io::Error::other)?;
    let answer = parse(&text).filter(|answer| {
        let length = answer.header("content-length").and_then(|length| length.parse().ok());
        length.unwrap_or(0) == answer.body.len()
    });
    match (answer, end) {
        (Some(answer), _) if answer.was_too_slow() => Err(io::ErrorKind::TimedOut.into()),
        (Some(answer), _) => Ok(answer),
        (None, Err(error)) => Err(error),
        (None, Ok(_)) => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn parse(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    };
    let headers = lines.map(header).collect::<Option<_>>()?;
    Some(Answer { status, headers, body: body.to_owned() })
}

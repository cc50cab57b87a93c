//! The load: connections that are kept, each with one request at a time.

use std::{
    cell::Cell,
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::LocalSet,
    time::timeout,
};

use crate::{Fault, response};

pub(crate) const CONNECTIONS: usize = 16;
/// How long a server may take for one response.
const PATIENCE: Duration = Duration::from_secs(120);

/// What to send, and what has to come back.
pub(crate) struct Load {
    /// Sent one after the other, from the first again when they are used up.
    pub(crate) requests: Vec<Vec<u8>>,
    pub(crate) status: u16,
    /// Part of every good body.
    pub(crate) wanted: &'static str,
}

/// Sends so many requests, and returns how long it took. Every response has to be a good one.
pub(crate) fn drive(address: SocketAddr, load: Load, count: usize) -> Result<Duration, Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (load, next) = (Rc::new(load), Rc::new(Cell::new(0)));
    LocalSet::new().block_on(&runtime, async {
        let mut streams = Vec::new();
        for _ in 0..CONNECTIONS {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            streams.push(stream);
        }
        let begin = Instant::now();
        let tasks: Vec<_> = streams
            .into_iter()
            .map(|stream| tokio::task::spawn_local(connection(stream, Rc::clone(&load), Rc::clone(&next), count)))
            .collect();
        for task in tasks {
            task.await??;
        }
        Ok(begin.elapsed())
    })
}

async fn connection(mut stream: TcpStream, load: Rc<Load>, next: Rc<Cell<usize>>, count: usize) -> Result<(), String> {
    let mut bytes = Vec::with_capacity(4096);
    while next.get() < count {
        let number = next.replace(next.get() + 1);
        let request = &load.requests[number % load.requests.len()];
        stream.write_all(request).await.map_err(|error| format!("request {number}: {error}"))?;
        bytes.clear();
        loop {
            if let Some((response, end)) = response::read(&bytes)? {
                let good = response.status == load.status
                    && end == bytes.len()
                    && response::position(response.rest, load.wanted.as_bytes()).is_some();
                if good {
                    break;
                }
                let body = String::from_utf8_lossy(response.rest);
                return Err(format!("the answer to request {number} is {} {body}", response.status));
            }
            match timeout(PATIENCE, stream.read_buf(&mut bytes)).await {
                Ok(Ok(1..)) => {}
                Ok(Ok(0)) => return Err(format!("no answer to request {number}: the connection ended")),
                Ok(Err(error)) => return Err(format!("no answer to request {number}: {error}")),
                Err(_) => return Err(format!("no answer to request {number} within {} s", PATIENCE.as_secs())),
            }
        }
    }
    Ok(())
}

//! Processes, ports, folders and wires that the tests of all stores use.

use std::{
    env, fs, io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, tcp},
    sync::watch,
};

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// A folder that is gone when this is dropped.
pub(crate) struct TempDir(PathBuf);

impl TempDir {
    pub(crate) fn new(purpose: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("parjar-{purpose}-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A server that is killed when this is dropped.
pub(crate) struct Server(Child);

impl Server {
    /// Starts a program. `install` says what to do when there is none.
    pub(crate) fn start(command: &mut Command, install: &str) -> Self {
        let program = command.get_program().to_string_lossy().into_owned();
        Self(command.spawn().unwrap_or_else(|error| panic!("{program} does not start ({error}): {install}")))
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// As a power cut would.
    pub(crate) fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Asks again and again, for at most two minutes.
pub(crate) fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(started.elapsed() < Duration::from_secs(120), "{what} did not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A wire between a client and a server that can be cut, led elsewhere, and made to deliver replies late.
pub(crate) struct Wire {
    address: SocketAddr,
    /// Where new connections lead.
    server: Arc<Mutex<SocketAddr>>,
    delay: Arc<AtomicU64>,
    /// Goes up with each cut.
    cuts: watch::Sender<u64>,
}

impl Wire {
    pub(crate) async fn to(server: SocketAddr) -> Self {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let wire = Self {
            address: listener.local_addr().unwrap(),
            server: Arc::new(Mutex::new(server)),
            delay: Arc::default(),
            cuts: watch::Sender::new(0),
        };
        let (server, delay, cuts) = (Arc::clone(&wire.server), Arc::clone(&wire.delay), wire.cuts.subscribe());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (delay, mut cuts) = (Arc::clone(&delay), cuts.clone());
                let server = *server.lock().unwrap();
                cuts.mark_unchanged();
                tokio::spawn(async move {
                    let Ok(server) = TcpStream::connect(server).await else { return };
                    let (client_reads, client_writes) = client.into_split();
                    let (server_reads, server_writes) = server.into_split();
                    tokio::select! {
                        _ = pump(client_reads, server_writes, Arc::default()) => {}
                        _ = pump(server_reads, client_writes, delay) => {}
                        _ = cuts.changed() => {}
                    }
                });
            }
        });
        wire
    }

    /// Where clients connect.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Leads new connections to another server. Those that there are stay.
    pub(crate) fn lead_to(&self, server: SocketAddr) {
        *self.server.lock().unwrap() = server;
    }

    /// How late replies arrive from now on.
    pub(crate) fn delay_replies(&self, by: Duration) {
        self.delay.store(u64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// Breaks all connections that there are. New ones work.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

async fn pump(mut from: tcp::OwnedReadHalf, mut to: tcp::OwnedWriteHalf, delay: Arc<AtomicU64>) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = from.read(&mut buffer).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        let late = delay.load(Ordering::SeqCst);
        if late > 0 {
            tokio::time::sleep(Duration::from_millis(late)).await;
        }
        to.write_all(&buffer[..count]).await?;
    }
}

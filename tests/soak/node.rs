//! A node: one of the examples as a process, which can be killed, stopped, started anew, and shown another time.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{
    clients::BANK,
    dice::Dice,
    http::{exchange, request},
    support::{TempDir, free_port},
};

/// For a program that is started on a machine with much else to do.
const PATIENCE: Duration = Duration::from_secs(120);

/// Which clocks of a process jump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clocks {
    /// The date, to and fro, as when it is set.
    Date,
    /// Every clock, ahead only, as when a machine has slept.
    All,
}

pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) port: u16,
    program: PathBuf,
    arguments: Vec<String>,
    clocks: Clocks,
    folder: TempDir,
    child: Mutex<Option<Child>>,
    starts: AtomicU64,
    /// Goes up before a clock jumps, and when the process has seen it.
    jumps: AtomicU64,
    ahead: AtomicI64,
    /// The codes and tokens that this process has given out, which it keeps for ten minutes.
    pub(crate) given: AtomicU64,
}

impl Node {
    pub(crate) fn new(example: &str, name: String, clocks: Clocks, config: &str, arguments: &[&str]) -> Arc<Self> {
        let (folder, port) = (TempDir::new("soak"), free_port());
        let file = folder.path().join("config.json");
        fs::write(&file, config).unwrap();
        let listen = format!("127.0.0.1:{port}");
        let own = ["--listen", &listen, "--config", file.to_str().unwrap()];
        let arguments = own.iter().chain(arguments).map(|&argument| argument.to_owned()).collect();
        let node = Self {
            name,
            port,
            program: built_example(example),
            arguments,
            clocks,
            folder,
            child: Mutex::default(),
            starts: AtomicU64::new(0),
            jumps: AtomicU64::new(0),
            ahead: AtomicI64::new(0),
            given: AtomicU64::new(0),
        };
        node.show_time();
        Arc::new(node)
    }

    /// Starts the process, and waits until it answers.
    pub(crate) async fn start(&self) {
        let deadline = Instant::now() + PATIENCE;
        self.launch();
        while !self.is_well().await {
            assert!(Instant::now() < deadline, "{} does not start: {}", self.name, self.log_end());
            // Its store may not be back yet, which is a fault of the command line.
            let has_ended = self.child.lock().unwrap().as_mut().unwrap().try_wait().unwrap().is_some();
            if has_ended {
                self.launch();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn launch(&self) {
        let log = fs::File::options().create(true).append(true).open(self.log_file()).unwrap();
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        command
            .env("LD_PRELOAD", faketime())
            .env("FAKETIME_TIMESTAMP_FILE", self.clock_file())
            .env("FAKETIME_CACHE_DURATION", "1")
            .env("FAKETIME_DONT_FAKE_MONOTONIC", if self.clocks == Clocks::Date { "1" } else { "0" })
            .env("FAKETIME_DISABLE_SHM", "1");
        *self.child.lock().unwrap() = Some(command.spawn().unwrap());
        self.starts.fetch_add(1, Ordering::SeqCst);
        self.given.store(0, Ordering::SeqCst);
    }

    async fn is_well(&self) -> bool {
        let health = exchange(self.port, &request("GET", "/health", &[], b"")).await;
        health.is_ok_and(|answer| answer.status == 200)
    }

    /// Which process it is: the first, the second, ...
    pub(crate) fn starts(&self) -> u64 {
        self.starts.load(Ordering::SeqCst)
    }

    /// As a power cut would.
    pub(crate) fn kill(&self) {
        if let Some(mut child) = self.child.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// As a service manager does. It ends by itself, with success.
    pub(crate) async fn stop(&self) {
        self.signal("-TERM");
        let deadline = Instant::now() + PATIENCE;
        loop {
            let ended = self.child.lock().unwrap().as_mut().unwrap().try_wait().unwrap();
            if let Some(status) = ended {
                assert!(status.success(), "{} ends with {status}: {}", self.name, self.log_end());
                return;
            }
            assert!(Instant::now() < deadline, "{} does not stop: {}", self.name, self.log_end());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) fn signal(&self, signal: &str) {
        let id = self.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    fn id(&self) -> u32 {
        self.child.lock().unwrap().as_ref().unwrap().id()
    }

    /// The seconds by which its clocks are ahead.
    pub(crate) fn ahead(&self) -> i64 {
        self.ahead.load(Ordering::SeqCst)
    }

    /// Stays the same while no clock jumps.
    pub(crate) fn jumps(&self) -> u64 {
        self.jumps.load(Ordering::SeqCst)
    }

    /// Lets its clocks jump to so many seconds ahead of the machine's, and waits until the process has seen it.
    pub(crate) async fn show(&self, ahead: i64) {
        self.jumps.fetch_add(1, Ordering::SeqCst);
        self.ahead.store(ahead, Ordering::SeqCst);
        self.show_time();
        let deadline = Instant::now() + PATIENCE;
        while !self.has_seen_time().await {
            assert!(Instant::now() < deadline, "{} does not see another time", self.name);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        self.jumps.fetch_add(1, Ordering::SeqCst);
    }

    /// Tells whether it takes an assertion that is good at this time alone. (Dates in headers are no proof: libraries of HTTP keep them, and go
    /// on to show the later one when the clock is set back.)
    async fn has_seen_time(&self) -> bool {
        let redirect_uri = BANK.redirect_uri();
        let fields = [("response_type", "code"), ("redirect_uri", &*redirect_uri)];
        let signed = BANK.authenticated(&mut Dice::random(), self.ahead(), &fields);
        let answer = exchange(self.port, &signed.to("/authorize/par")).await;
        answer.is_ok_and(|answer| answer.status == 201)
    }

    fn show_time(&self) {
        // Another name first: the process must not read half a file.
        let (file, half) = (self.clock_file(), self.folder.path().join("half"));
        fs::write(&half, format!("{:+}", self.ahead())).unwrap();
        fs::rename(half, file).unwrap();
    }

    /// The memory that it has, in KiB.
    pub(crate) fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    fn clock_file(&self) -> PathBuf {
        self.folder.path().join("clock")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.log_file()).unwrap()).into_owned()
    }

    fn log_end(&self) -> String {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

/// `cargo test --workspace` builds the examples, but tells tests only where binaries are.
fn built_example(name: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    let example = test.ancestors().nth(2).unwrap().join("examples").join(name);
    assert!(
        example.is_file(),
        "{} is missing: run `cargo build --workspace --example {name}` first",
        example.display()
    );
    example
}

/// The library that shows a process another time.
fn faketime() -> PathBuf {
    let folders = ["/usr/lib", "/usr/lib64", "/usr/local/lib"].map(Path::new);
    let below = folders.iter().flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten());
    let candidates = below.map(|entry| entry.path()).chain(folders.map(Path::to_path_buf));
    let found = candidates.map(|folder| folder.join("faketime/libfaketime.so.1")).find(|file| file.is_file());
    found.expect("libfaketime is missing: apt-get install libfaketime")
}

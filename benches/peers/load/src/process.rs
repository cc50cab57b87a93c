//! Servers as processes on one core, and the CPU time that they have used.

use std::{
    fs::{self, File},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::Fault;

/// How long a server may take to start.
const START: Duration = Duration::from_secs(120);

/// Clock ticks of `/proc` in a second. It is 100 on every Linux that Rust runs on.
const TICKS: f64 = 100.0;

pub(crate) struct Running {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Running {
    /// Starts a program on a core, with its address in the places of `{listen}` and `{port}`, and waits until it takes connections.
    pub(crate) fn start(core: &str, command: &[String], log: &Path) -> Result<Self, Fault> {
        let address = free_address()?;
        let mut process = Command::new("taskset");
        process.args(["-c", core]);
        process.args(command.iter().map(|argument| fill(argument, address)));
        // A file for the log, as in operation: what writing it costs belongs to the server.
        process.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(log)?);
        let child = process.spawn().map_err(|error| format!("taskset: {error}"))?;
        let mut running = Self { child, address };
        let deadline = Instant::now() + START;
        while TcpStream::connect(address).is_err() {
            let ended = running.child.try_wait()?;
            if ended.is_some() || Instant::now() > deadline {
                let said = fs::read_to_string(log).unwrap_or_default();
                return Err(format!("{} did not start: {said}", command.join(" ")).into());
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(running)
    }

    /// The CPU time of the process so far, of all its threads, in seconds.
    pub(crate) fn cpu_seconds(&self) -> Result<f64, Fault> {
        cpu_seconds(&self.child.id().to_string())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The user and system time of a process, which counts its threads and those children that have ended.
pub(crate) fn cpu_seconds(pid: &str) -> Result<f64, Fault> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name of the program is in parentheses, and may have spaces in it. After it comes field 3; 14 to 17 are wanted.
    let (_, fields) = stat.rsplit_once(')').ok_or("/proc/PID/stat without a name")?;
    let ticks: Result<Vec<u64>, _> = fields.split_whitespace().skip(11).take(4).map(str::parse).collect();
    Ok(ticks?.iter().sum::<u64>() as f64 / TICKS)
}

fn free_address() -> Result<SocketAddr, Fault> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

fn fill(argument: &str, address: SocketAddr) -> String {
    argument.replace("{listen}", &address.to_string()).replace("{port}", &address.port().to_string())
}

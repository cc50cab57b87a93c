//! The command line.

use std::path::PathBuf;

use crate::{Fault, servers};

pub(crate) enum Task {
    /// Measures bare verifications of so many pairs of tokens, in this process.
    Verify(usize),
    Compare(Arguments),
}

pub(crate) struct Arguments {
    /// The folder of the programs that cargo has built.
    pub(crate) programs: PathBuf,
    /// The folder of the peers' packages.
    pub(crate) peers: PathBuf,
    /// Where configuration and logs of the servers go.
    pub(crate) scratch: PathBuf,
    /// The core that servers run on, as `taskset` wants it.
    pub(crate) core: String,
    pub(crate) rounds: usize,
    /// How much of its server's CPU time each measurement shall take, in seconds.
    pub(crate) seconds: f64,
    pub(crate) servers: Vec<String>,
}

impl Arguments {
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Task, Fault> {
        let mut parsed = Self {
            programs: PathBuf::new(),
            peers: PathBuf::new(),
            scratch: PathBuf::new(),
            core: "0".to_owned(),
            rounds: 5,
            seconds: 1.0,
            servers: Vec::new(),
        };
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} wants a value"));
            match argument.as_str() {
                "--verify" => return Ok(Task::Verify(value()?.parse()?)),
                "--programs" => parsed.programs = value()?.into(),
                "--peers" => parsed.peers = value()?.into(),
                "--scratch" => parsed.scratch = value()?.into(),
                "--core" => parsed.core = value()?,
                "--rounds" => parsed.rounds = value()?.parse()?,
                "--seconds" => parsed.seconds = value()?.parse()?,
                name if servers::ALL.iter().any(|server| server.name == name) => parsed.servers.push(argument),
                unknown => return Err(format!("there is no server and no option {unknown}").into()),
            }
        }
        if parsed.rounds == 0 || parsed.servers.is_empty() {
            return Err("nothing to do: name servers, and at least one round".into());
        }
        // More requests than this makes would be above what a store keeps of one client.
        if !(0.001..=5.0).contains(&parsed.seconds) {
            return Err("--seconds takes 0.001 to 5".into());
        }
        Ok(Task::Compare(parsed))
    }
}

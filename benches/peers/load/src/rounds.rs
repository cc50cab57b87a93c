//! The measurements, by turns: in each round every server once, so that a noisy machine treats all alike.

use std::{fs, path::Path, process::Command};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    Fault,
    arguments::Arguments,
    clients::{Clients, REDIRECT_URI, SCOPE, SECRET, WITH_SECRET},
    drive::{Load, drive},
    process::Running,
    servers::{ALL, EMPTY, Server},
    tokens,
};

/// Requests before anything is measured, for each second of CPU time that will be: connections, caches, and what a just-in-time compiler
/// needs to wake up.
const WARM_UP: f64 = 2000.0;
/// The same for requests whose cost tells how many make a measurement. No measurement has fewer.
const ESTIMATE: f64 = 1000.0;
/// No server keeps more requests of one client.
const MOST: f64 = 80_000.0;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Workload {
    /// A client with a secret, and eight parameters.
    Plain,
    /// An assertion and a request object, both ES256.
    Tokens,
}

/// What was measured in all rounds.
pub(crate) struct Measured {
    pub(crate) workload: Workload,
    /// `None`: two bare verifications.
    pub(crate) server: Option<&'static str>,
    /// CPU time of the server for a request, in microseconds. Empty where the server does not take such pushes.
    pub(crate) cpu: Vec<f64>,
    pub(crate) requests_per_second: Vec<f64>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Vec<Measured>, Fault> {
    let clients = Clients::new()?;
    let configuration = arguments.scratch.join("configuration.json");
    fs::write(&configuration, clients.configuration().to_string())?;
    let servers: Vec<&Server> =
        ALL.iter().filter(|server| arguments.servers.iter().any(|name| name == server.name)).collect();
    let mut measured = Vec::new();
    for workload in [Workload::Plain, Workload::Tokens] {
        let verified = (workload == Workload::Tokens).then_some(None);
        for server in servers.iter().map(|server| Some(server.name)).chain(verified) {
            measured.push(Measured { workload, server, cpu: Vec::new(), requests_per_second: Vec::new() });
        }
    }
    for round in 1..=arguments.rounds {
        eprintln!("round {round} of {}", arguments.rounds);
        for one in &mut measured {
            let Some(name) = one.server else {
                one.cpu.push(bare_verifications(arguments)?);
                continue;
            };
            let server = servers.iter().find(|server| server.name == name).ok_or("no such server")?;
            if one.workload == Workload::Tokens && !server.takes_tokens {
                continue;
            }
            let (cpu, rate) = measure(arguments, &clients, &configuration, server, one.workload)
                .map_err(|fault| format!("{name}: {fault}"))?;
            one.cpu.push(cpu);
            one.requests_per_second.push(rate);
        }
    }
    Ok(measured)
}

/// Starts a server anew, so that each measurement finds the same, and returns microseconds of CPU for a request, and requests per second.
fn measure(
    arguments: &Arguments,
    clients: &Clients,
    configuration: &Path,
    server: &Server,
    workload: Workload,
) -> Result<(f64, f64), Fault> {
    let log = arguments.scratch.join(format!("{}.log", server.name));
    let command = server.command(&arguments.programs, &arguments.peers, configuration);
    let running = Running::start(&arguments.core, &command, &log)?;
    let send = |count| -> Result<(f64, f64), Fault> {
        let load = load(clients, server, workload, count)?;
        let before = running.cpu_seconds()?;
        let took = drive(running.address, load, count)?;
        let cpu = running.cpu_seconds()? - before;
        Ok((cpu * 1e6 / count as f64, count as f64 / took.as_secs_f64()))
    };
    let scaled = |requests: f64| (arguments.seconds * requests).ceil();
    send(scaled(WARM_UP) as usize)?;
    let least = scaled(ESTIMATE);
    let (estimate, _) = send(least as usize)?;
    let count = arguments.seconds * 1e6 / estimate.max(5.0);
    send(count.max(least).min(MOST) as usize)
}

/// In a process of its own on the core of the servers.
fn bare_verifications(arguments: &Arguments) -> Result<f64, Fault> {
    // A pair takes about a hundred microseconds.
    let times = (arguments.seconds * 1e4) as usize;
    let myself = std::env::current_exe()?;
    let output = Command::new("taskset")
        .args(["-c", &arguments.core])
        .arg(myself)
        .args(["--verify", &times.to_string()])
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

fn load(clients: &Clients, server: &Server, workload: Workload, count: usize) -> Result<Load, Fault> {
    let requests = match workload {
        Workload::Plain => vec![plain()],
        Workload::Tokens => tokens::pairs(clients, count)?.iter().map(|pair| with_tokens(pair, server)).collect(),
    };
    Ok(match server.name {
        EMPTY => Load { requests, status: 200, wanted: "" },
        _ => Load { requests, status: 201, wanted: "\"request_uri\"" },
    })
}

/// Eight parameters.
fn plain() -> Vec<u8> {
    let scope = SCOPE.replace(' ', "+");
    let redirect_uri = REDIRECT_URI.replace(':', "%3A").replace('/', "%2F");
    let body = format!(
        "response_type=code&client_id={WITH_SECRET}&redirect_uri={redirect_uri}&scope={scope}&state=duk681S8n00GsJpe7n9boxdzen\
         &nonce=n-0S6_WzA2Mj-7n9boxdz&code_challenge=K2-ltc83acc4h0c9w6ESC_rEMTJ3bww-uCHaoeK1t8U&code_challenge_method=S256"
    );
    let credentials = STANDARD.encode(format!("{WITH_SECRET}:{SECRET}"));
    request(&format!("authorization: Basic {credentials}\r\n"), &body)
}

fn with_tokens(pair: &tokens::Pair, server: &Server) -> Vec<u8> {
    let body = format!(
        "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={}&request={}{}",
        pair.assertion, pair.object, server.beside_object
    );
    request("", &body)
}

fn request(headers: &str, body: &str) -> Vec<u8> {
    format!(
        "POST /authorize/par HTTP/1.1\r\nhost: as.example.com\r\nuser-agent: load\r\naccept: application/json\r\n{headers}\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

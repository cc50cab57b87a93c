//! What was measured, as tables in Markdown, and beside it what parjar wants to reach.

use std::fmt::Write as _;

use crate::{
    rounds::{Measured, Workload},
    servers::EMPTY,
};

/// The most that a server may cost, as a multiple of the floor.
const GOALS: [(Workload, &str, f64); 8] = [
    (Workload::Plain, "service", 1.35),
    (Workload::Plain, "minimal", 1.35),
    (Workload::Plain, "minimal_actix", 1.35),
    (Workload::Plain, "axum", 1.7),
    (Workload::Plain, "actix", 1.7),
    (Workload::Tokens, "service", 1.25),
    (Workload::Tokens, "axum", 1.25),
    (Workload::Tokens, "actix", 1.25),
];

pub(crate) fn of(measured: &[Measured], rounds: usize) -> String {
    let empty = row(measured, Workload::Plain, Some(EMPTY));
    let verifications = row(measured, Workload::Tokens, None);
    let mut text = String::new();
    for workload in [Workload::Plain, Workload::Tokens] {
        let (title, floor) = match workload {
            Workload::Plain => ("client_secret_basic, eight parameters", empty),
            Workload::Tokens => {
                ("private_key_jwt and request object, ES256", empty.and_then(|empty| Some(empty + verifications?)))
            }
        };
        let _ = writeln!(text, "\n| {title} | CPU, µs | lowest | to the floor | goal | requests/s |");
        text.push_str("|---|---:|---:|---:|---:|---:|\n");
        if let (Workload::Tokens, Some(floor)) = (workload, floor) {
            let _ = writeln!(text, "| floor: two verifications and the empty route | {floor:.1} | | 1.00 | | |");
        }
        for one in measured.iter().filter(|one| one.workload == workload) {
            line(&mut text, one, floor);
        }
    }
    let _ =
        writeln!(text, "\nCPU and requests: medians of {rounds} rounds. The floor of plain pushes is the empty route.");
    text
}

fn line(text: &mut String, one: &Measured, floor: Option<f64>) {
    let name = one.server.unwrap_or("two verifications");
    let Some(cpu) = median(&one.cpu) else {
        let _ = writeln!(text, "| {name} | not supported | | | | |");
        return;
    };
    let lowest = one.cpu.iter().copied().fold(f64::INFINITY, f64::min);
    let ratio = floor.map(|floor| format!("{:.2}", cpu / floor)).unwrap_or_default();
    let goal = GOALS.iter().find(|(workload, server, _)| *workload == one.workload && Some(*server) == one.server);
    let goal = goal.map(|(.., most)| most.to_string()).unwrap_or_default();
    let rate = median(&one.requests_per_second).map(|rate| format!("{rate:.0}")).unwrap_or_default();
    let _ = writeln!(text, "| {name} | {cpu:.1} | {lowest:.1} | {ratio} | {goal} | {rate} |");
}

fn row(measured: &[Measured], workload: Workload, server: Option<&str>) -> Option<f64> {
    median(&measured.iter().find(|one| one.workload == workload && one.server == server)?.cpu)
}

fn median(values: &[f64]) -> Option<f64> {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.get(values.len().checked_sub(1)? / 2)?, values.get(values.len() / 2)?);
    Some((low + high) / 2.0)
}

//! The stages of the flow, with the one that a run has come to.

use std::fmt::Write as _;

use super::run::Run;

pub(super) fn list(run: &Run) -> String {
    let first = if run.choices.is_pushed() { "Push" } else { "Request" };
    let reached = [
        run.opens.is_some(),
        // The client does not see the browser until the answer is there.
        run.has_arrived,
        run.has_arrived,
        run.code.is_some(),
        run.token.is_some(),
        run.has_used_token,
    ];
    let current = reached.iter().position(|is_reached| !is_reached);
    let names = [first, "Redirect", "Login", "Code", "Token", "Resource"];
    let mut html = String::from("<ol class=\"stages\" aria-label=\"The flow\">\n");
    for (index, (name, is_reached)) in names.iter().zip(reached).enumerate() {
        let (class, state) = match (is_reached, current == Some(index)) {
            (true, _) => (" class=\"done\"", "<span class=\"unseen\">, done</span>"),
            (false, true) => (" aria-current=\"step\"", ""),
            (false, false) => ("", ""),
        };
        let _ = writeln!(html, "<li{class}><span>{name}{state}</span></li>");
    }
    html.push_str("</ol>\n");
    html
}

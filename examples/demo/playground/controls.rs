//! The controls of the form: fields and choices with their labels.

use std::fmt::Write as _;

use crate::demo::http::html::Text;

/// Pairs of a value and what it means.
pub(super) type Options = [(&'static str, &'static str)];

pub(super) fn input(name: &str, label: &str, class: &str, value: &str) -> String {
    format!(
        "<label class=\"{class}\"><span>{label}</span>\n\
         <input name=\"{name}\" id=\"{name}\" value=\"{}\" spellcheck=\"false\" autocomplete=\"off\" autocapitalize=\"off\"></label>\n",
        Text(value)
    )
}

pub(super) fn select(name: &str, label: &str, options: &Options, chosen: &str) -> String {
    format!(
        "<label><span>{label}</span>\n<select name=\"{name}\" id=\"{name}\">{}</select></label>\n",
        listed(options, chosen)
    )
}

/// A choice whose options are in groups.
pub(super) fn grouped_select(name: &str, label: &str, groups: &[(&str, &Options)], chosen: &str) -> String {
    let mut html = String::new();
    for (group, options) in groups {
        let _ = match *group {
            "" => write!(html, "{}", listed(options, chosen)),
            group => write!(html, "<optgroup label=\"{group}\">{}</optgroup>", listed(options, chosen)),
        };
    }
    format!("<label><span>{label}</span>\n<select name=\"{name}\" id=\"{name}\">{html}</select></label>\n")
}

fn listed(options: &Options, chosen: &str) -> String {
    let mut html = String::new();
    for (value, meaning) in options {
        let selected = if *value == chosen { " selected" } else { "" };
        let _ = write!(html, "<option value=\"{value}\"{selected}>{meaning}</option>");
    }
    html
}

//! The first page of the playground: a form with everything that a push can contain.

use std::fmt::Write as _;

use super::{Authentication, Player, Playground, browser::Browser, callback};
use crate::demo::{
    http::{
        html::{Text, page},
        message::Answer,
    },
    server::issuer::Issuer,
};

pub(super) fn render(playground: &Playground, issuer: &Issuer, browser: &Browser, host: Option<&str>) -> Answer {
    let main = format!(
        "{HEADER}<main>\n\
         <section class=\"intro\">\n<h1>Push an authorization request</h1>\n\
         <p>Play the client: send the request over the back channel, hand the browser nothing but a reference to it, and see \
         what goes over the wire at every step.</p>\n{elsewhere}</section>\n\
         <form class=\"panel\" method=\"post\" action=\"/playground/push\">\n\
         <input type=\"hidden\" name=\"csrf\" value=\"{csrf}\">\n\
         <fieldset class=\"clients\"><legend>Client</legend>\n{clients}</fieldset>\n\
         {sending}\
         <fieldset class=\"fields\"><legend>Request</legend>\n\
         {redirect_uri}{scope}{pkce}{response_mode}{prompt}{max_age}\
         <label class=\"wide\"><span>Further parameters <small>one <code>name=value</code> on each line</small></span>\n\
         <textarea name=\"further\" id=\"further\" rows=\"3\" spellcheck=\"false\" placeholder=\"{FURTHER}\"></textarea></label>\n\
         </fieldset>\n\
         <fieldset><legend>A mistake on purpose</legend>\n{mistake}</fieldset>\n\
         <div class=\"buttons\"><button id=\"push\" class=\"primary\">Push the request</button>\n\
         <span class=\"quiet\"><code>state</code>, <code>nonce</code> and the code verifier are drawn for each run.</span></div>\n\
         </form>\n{footer}</main>\n",
        elsewhere = elsewhere(issuer, host),
        csrf = browser.form_token(),
        clients = clients(playground),
        sending = sending(playground),
        redirect_uri = input("redirect_uri", "Redirect URI", "wide", &callback(issuer)),
        scope = input("scope", "Scope", "", &playground.default_scope),
        pkce = select("code_challenge_method", "PKCE", &PKCE),
        response_mode = select("response_mode", "Response mode", &RESPONSE_MODES),
        prompt = select("prompt", "Prompt", &PROMPTS),
        max_age = input("max_age", "Max age", "", ""),
        mistake = select("mistake", "The client makes this one", &MISTAKES),
        footer = FOOTER,
    );
    page(200, "Playground", &main)
}

pub(super) const HEADER: &str = "<header>\n<a class=\"brand\" href=\"/\"><img src=\"/icon.svg\" alt=\"\" width=\"24\" \
     height=\"24\"> parjar playground</a>\n<nav><a href=\"/.well-known/oauth-authorization-server\">Metadata</a> \
     <a href=\"/jwks\">Keys</a></nav>\n</header>\n";

const FOOTER: &str = "<p class=\"quiet\">Pushed Authorization Requests: \
     <a href=\"https://www.rfc-editor.org/rfc/rfc9126\">RFC 9126</a>. \
     The user here is always the same one, and there is no password.</p>\n";

const FURTHER: &str = "resource=https://api.example.com&#10;authorization_details=[{&quot;type&quot;:&quot;payment&quot;,\
     &quot;amount&quot;:12.50}]";

/// Pairs of a value and what it means. The first one is chosen when the page opens.
type Choices = [(&'static str, &'static str)];

const PKCE: [(&str, &str); 3] = [("S256", "S256"), ("plain", "plain"), ("none", "none")];

// There is no `fragment`: without a script, nothing would see it.
const RESPONSE_MODES: [(&str, &str); 3] = [("", "default"), ("query", "query"), ("form_post", "form_post")];

const PROMPTS: [(&str, &str); 4] = [("", "not sent"), ("login", "login"), ("consent", "consent"), ("none", "none")];

const SENDING: [(&str, &str); 3] =
    [("plain", "in the form"), ("signed", "signed, as a request object"), ("encrypted", "signed and encrypted")];

const MISTAKES: [(&str, &str); 5] = [
    ("", "none, all as it should be"),
    ("secret", "a wrong secret, or an assertion for another server"),
    ("twice", "scope sent twice"),
    ("request_uri", "a request_uri inside the push"),
    ("method", "PUT instead of POST"),
];

/// Cookies do not follow from one name of a machine to another, and the answer comes back under the issuer's.
fn elsewhere(issuer: &Issuer, host: Option<&str>) -> String {
    if host == Some(issuer.host()) {
        return String::new();
    }
    let url = issuer.url("/");
    format!("<p class=\"notice\">Please open this page as <a href=\"{0}\">{0}</a>, or no run can end.</p>\n", Text(url))
}

fn clients(playground: &Playground) -> String {
    let mut html = String::new();
    for (index, player) in playground.players.iter().enumerate() {
        let checked = if index == 0 { " checked" } else { "" };
        let signs = if player.signer.is_some() { " data-signs" } else { "" };
        let _ = writeln!(
            html,
            "<label class=\"client\"><input type=\"radio\" name=\"client\" value=\"{id}\"{checked}{signs}>\n\
             <strong>{id}</strong> <span>{about}</span>\n<small><code>{method}</code></small>\n<small>{credential}</small></label>",
            id = Text(&player.client_id),
            about = Text(player.about),
            method = player.authentication.method(),
            credential = credential(player),
        );
    }
    html
}

fn credential(player: &Player) -> String {
    match &player.authentication {
        _ if !player.is_public_knowledge => "secret and key: known to this process only".to_owned(),
        Authentication::Basic(secret) | Authentication::Post(secret) => {
            format!("secret: <code>{}</code>", Text(secret))
        }
        Authentication::Assertion => "key: <code>examples/demo/bank_key.json</code>".to_owned(),
    }
}

/// How the request travels. The choice counts for clients with a key only; the style sheet dims it for the others.
fn sending(playground: &Playground) -> String {
    let signing = playground.players.iter().filter(|player| player.signer.is_some());
    let names: Vec<String> = signing.map(|player| format!("<code>{}</code>", Text(&player.client_id))).collect();
    format!(
        "<fieldset class=\"sending\"><legend>How it is sent</legend>\n{select}\
         <p class=\"quiet\">Signing takes a client with a key: {names}. Others send the form, whatever is chosen.</p></fieldset>\n",
        select = select("sending", "The request goes", &SENDING),
        names = names.join(", "),
    )
}

fn input(name: &str, label: &str, class: &str, value: &str) -> String {
    format!(
        "<label class=\"{class}\"><span>{label}</span>\n\
         <input name=\"{name}\" id=\"{name}\" value=\"{}\" spellcheck=\"false\" autocomplete=\"off\"></label>\n",
        Text(value)
    )
}

fn select(name: &str, label: &str, choices: &Choices) -> String {
    let mut html = format!("<label><span>{label}</span>\n<select name=\"{name}\" id=\"{name}\">");
    for (value, meaning) in choices {
        let _ = write!(html, "<option value=\"{value}\">{meaning}</option>");
    }
    html.push_str("</select></label>\n");
    html
}

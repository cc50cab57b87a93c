//! The first page of the playground: a form with everything that a request can contain.

use std::fmt::Write as _;

use super::{
    Playground,
    browser::Browser,
    choices::Choices,
    client_key::ClientKey,
    controls::{Options, grouped_select, input, select},
    encryption, examples,
    page::page,
    played_client::{Authentication, PlayedClient},
    preset::Preset,
};
use crate::demo::{
    http::{html::Text, message::Answer},
    server::issuer::Issuer,
};

pub(super) fn render(
    playground: &Playground,
    preset: &Preset,
    choices: &Choices,
    browser: &Browser,
    host: Option<&str>,
) -> Answer {
    let main = format!(
        "<main id=\"main\">\n\
         <section class=\"intro\">\n<h1>Push an authorization request</h1>\n\
         <p>Play the client: send the request over the back channel, hand the browser nothing but a reference to it, and see \
         what goes over the wire at every step.</p>\n{elsewhere}</section>\n\
         {presets}{examples}\
         <form class=\"panel\" method=\"post\" action=\"/playground/push\">\n\
         <input type=\"hidden\" name=\"csrf\" value=\"{csrf}\">\n\
         <input type=\"hidden\" name=\"preset\" value=\"{preset_name}\">\n\
         <fieldset class=\"clients\"><legend>Client</legend>\n{clients}</fieldset>\n\
         {sending}\
         <fieldset class=\"fields\"><legend>Request</legend>\n\
         {redirect_uri}{scope}{pkce}{response_mode}{prompt}{max_age}\
         <label class=\"wide\"><span>Further parameters <small>one <code>name=value</code> on each line</small></span>\n\
         <textarea name=\"further\" id=\"further\" rows=\"3\" spellcheck=\"false\" placeholder=\"{FURTHER}\">\n{further}</textarea></label>\n\
         </fieldset>\n\
         <fieldset class=\"fields\"><legend>A mistake on purpose</legend>\n{mistake}</fieldset>\n\
         <div class=\"buttons\"><button id=\"push\" class=\"primary\">Send the request</button>\n\
         <span class=\"quiet\"><code>state</code>, <code>nonce</code> and the code verifier are drawn for each run.</span></div>\n\
         </form>\n{FOOTER}</main>\n",
        elsewhere = elsewhere(playground.issuer(), host),
        presets = presets(playground, preset),
        examples = examples::list(preset, playground.issuer()),
        csrf = browser.form_token(),
        preset_name = preset.name,
        clients = clients(preset, &choices.client),
        sending = sending(preset, choices),
        redirect_uri = input("redirect_uri", "Redirect URI", "wide", &choices.redirect_uri),
        scope = input("scope", "Scope", "", &choices.scope),
        pkce = select("code_challenge_method", "PKCE", &PKCE, &choices.code_challenge_method),
        response_mode = select("response_mode", "Response mode", &RESPONSE_MODES, &choices.response_mode),
        prompt = select("prompt", "Prompt", &PROMPTS, &choices.prompt),
        max_age = input("max_age", "Max age", "", &choices.max_age),
        further = Text(&choices.further),
        mistake = grouped_select("mistake", "The client makes this one", &MISTAKES, &choices.mistake),
    );
    page(200, "Playground", &main)
}

const FOOTER: &str = "<p class=\"quiet\">Pushed Authorization Requests: \
     <a href=\"https://www.rfc-editor.org/rfc/rfc9126\">RFC 9126</a>. \
     The user here is always the same one, and there is no password.</p>\n";

const FURTHER: &str = "resource=https://api.example.com&#10;authorization_details=[{&quot;type&quot;:&quot;payment&quot;,\
     &quot;amount&quot;:12.50}]";

const PKCE: [(&str, &str); 3] = [("S256", "S256"), ("plain", "plain"), ("none", "none")];

// There is no `fragment`: without a script, nothing would see it.
const RESPONSE_MODES: [(&str, &str); 5] = [
    ("", "default"),
    ("query", "query"),
    ("form_post", "form_post"),
    ("jwt", "jwt (JARM)"),
    ("form_post.jwt", "form_post.jwt (JARM)"),
];

const PROMPTS: [(&str, &str); 4] = [("", "not sent"), ("login", "login"), ("consent", "consent"), ("none", "none")];

const CHANNELS: [(&str, &str); 2] = [("pushed", "by a push"), ("url", "in the browser's URL, without a push")];

const SENDING: [(&str, &str); 3] =
    [("plain", "as parameters"), ("signed", "signed, as a request object"), ("encrypted", "signed and encrypted")];

const DPOP: [(&str, &str); 2] = [("no", "bearer tokens"), ("yes", "tokens bound to a key (DPoP)")];

const MISTAKES: [(&str, &Options); 3] = [
    ("", &[("", "none, all as it should be")]),
    (
        "In the push",
        &[
            ("secret", "a wrong secret, or an assertion for another server"),
            ("twice", "scope sent twice"),
            ("request_uri", "a request_uri inside the push"),
            ("method", "PUT instead of POST"),
        ],
    ),
    (
        "In the request object, of a client with a key",
        &[
            ("object_tampered", "changed after it was signed"),
            ("object_expired", "expired an hour ago"),
            ("object_audience", "meant for another server"),
            ("object_unsigned", "not signed at all"),
        ],
    ),
];

/// Cookies do not follow from one name of a machine to another, and the answer comes back under the issuer's.
fn elsewhere(issuer: &Issuer, host: Option<&str>) -> String {
    if host == Some(issuer.host()) {
        return String::new();
    }
    let url = issuer.url("/");
    format!("<p class=\"notice\">Please open this page as <a href=\"{0}\">{0}</a>, or no run can end.</p>\n", Text(url))
}

/// Links, so that the form of another server comes with what fits there.
fn presets(playground: &Playground, chosen: &Preset) -> String {
    let mut links = String::new();
    for preset in playground.presets() {
        let current = if preset.name == chosen.name { " aria-current=\"page\"" } else { "" };
        let href = if preset.name.is_empty() { "/".to_owned() } else { format!("/?preset={}", preset.name) };
        let _ = writeln!(links, "<li><a href=\"{href}\"{current}>{}</a></li>", preset.title);
    }
    if playground.presets().len() == 1 {
        return String::new();
    }
    format!(
        "<nav class=\"presets\" aria-labelledby=\"preset\">\n<h2 id=\"preset\">Server</h2>\n<ul>\n{links}</ul>\n\
         <p class=\"quiet\">{about} Its issuer is <code>{issuer}</code>.</p>\n</nav>\n",
        about = Text(chosen.about),
        issuer = Text(chosen.server.issuer.as_str()),
    )
}

fn clients(preset: &Preset, chosen: &str) -> String {
    let mut html = String::new();
    for client in &preset.clients {
        let checked = if client.client_id == chosen { " checked" } else { "" };
        let signs = if client.keys.is_empty() { "" } else { " data-signs" };
        let _ = writeln!(
            html,
            "<label class=\"client\"><input type=\"radio\" name=\"client\" value=\"{id}\" required{checked}{signs}>\n\
             <strong>{id}</strong> <span>{about}</span>\n<small><code>{method}</code></small>\n<small>{credential}</small></label>",
            id = Text(&client.client_id),
            about = Text(client.about),
            method = client.authentication.method(),
            credential = credential(client),
        );
    }
    html
}

fn credential(client: &PlayedClient) -> String {
    match &client.authentication {
        _ if !client.is_public_knowledge => "secret and key: known to this process only".to_owned(),
        Authentication::Basic(secret) | Authentication::Post(secret) | Authentication::Mac(secret) => {
            format!("secret: <code>{}</code>", Text(secret))
        }
        Authentication::Key => "keys: <code>examples/demo/bank_key*.json</code>".to_owned(),
        Authentication::Certificate(_) => "key and certificate: <code>playground.pem</code>".to_owned(),
    }
}

/// How the request travels. Signing counts for clients with a key only; the style sheet dims it for the others.
fn sending(preset: &Preset, choices: &Choices) -> String {
    let signing: Vec<&PlayedClient> = preset.clients.iter().filter(|client| !client.keys.is_empty()).collect();
    let offered = if encryption::is_offered(&preset.server) { &SENDING[..] } else { &SENDING[..2] };
    let algorithms: Vec<(&str, &str)> = ClientKey::ALGORITHMS
        .iter()
        .filter(|algorithm| signing.iter().any(|client| client.keys.iter().any(|key| key.algorithm() == **algorithm)))
        .map(|algorithm| (algorithm.as_str(), algorithm.as_str()))
        .collect();
    let names: Vec<String> = signing.iter().map(|client| format!("<code>{}</code>", Text(&client.client_id))).collect();
    let (form, key, hint) = match names.is_empty() {
        true => (String::new(), String::new(), String::new()),
        false => (
            select("sending", "The request goes", offered, &choices.sending),
            select("algorithm", "Key of the client", &algorithms, &choices.algorithm),
            format!(
                "<p class=\"quiet wide\">Signing takes a client with a key: {}. Others send parameters, whatever is chosen.</p>",
                names.join(", ")
            ),
        ),
    };
    format!(
        "<fieldset class=\"fields sending\"><legend>How it is sent</legend>\n{channel}{form}{key}{dpop}{hint}</fieldset>\n",
        channel = select("channel", "It reaches the server", &CHANNELS, &choices.channel),
        dpop = select("dpop", "The client wants", &DPOP, &choices.dpop),
    )
}

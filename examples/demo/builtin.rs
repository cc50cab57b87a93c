//! The configuration that is there without a file: clients for trying things out, whose secrets everybody knows.

use std::fmt::Write as _;

use parjar::{ClientRegistration, Policy};
use serde_json::{Map, Value, json};

use super::{
    config::Config,
    fault::Fault,
    issuer::Issuer,
    keys::Keys,
    playground::{Player, callback},
};

/// The example of RFC 7636 appendix B: the verifier for it is `dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk`.
const CODE_CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

struct BuiltIn {
    client_id: &'static str,
    name: &'static str,
    secret: &'static str,
    method: &'static str,
    about: &'static str,
}

const CLIENTS: [BuiltIn; 3] = [
    BuiltIn {
        client_id: "web",
        name: "Demo Web",
        secret: "web-secret",
        method: "client_secret_basic",
        about: "a web application",
    },
    BuiltIn {
        client_id: "shop",
        name: "Demo Shop",
        secret: "shop-secret",
        method: "client_secret_post",
        about: "the same with its secret in the body",
    },
    BuiltIn {
        client_id: "tenants",
        name: "Demo Tenants",
        secret: "tenants-secret",
        method: "client_secret_basic",
        about: "may push any redirect URI on https://tenants.example.com",
    },
];

pub(crate) fn config(issuer: &Issuer) -> Result<Config, Fault> {
    let mut policy = Policy::default();
    policy.allow_per_request_redirect_uris = true;
    let registrations = CLIENTS.iter().map(|client| {
        let registration = ClientRegistration::try_from(registration(client, issuer));
        let place = format!("client {:?}", client.client_id);
        registration.map(|known| (place.clone(), known)).map_err(|error| Fault::new(place, error))
    });
    Config::new(policy, registrations.collect::<Result<_, _>>()?, Keys::default())
}

fn registration(client: &BuiltIn, issuer: &Issuer) -> Map<String, Value> {
    let per_request = client.client_id == "tenants";
    let mut redirect_uris = vec![callback(issuer)];
    if per_request {
        redirect_uris.push("https://tenants.example.com/callback".to_owned());
    }
    let members = [
        ("client_id", client.client_id.into()),
        ("client_name", client.name.into()),
        ("client_secret", client.secret.into()),
        ("token_endpoint_auth_method", client.method.into()),
        ("redirect_uris", json!(redirect_uris)),
        ("scope", "openid accounts payments".into()),
        ("authorization_details_types", json!(["payment"])),
        ("require_pushed_authorization_requests", per_request.into()),
        ("allow_per_request_redirect_uris", per_request.into()),
    ];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The same clients for the playground, secrets included.
pub(crate) fn players() -> Vec<Player> {
    let player = |client: &BuiltIn| Player {
        client_id: client.client_id.to_owned(),
        secret: client.secret.to_owned(),
        in_body: client.method == "client_secret_post",
        is_public_knowledge: true,
        about: client.about,
    };
    CLIENTS.iter().map(player).collect()
}

/// What to do next, for the terminal.
pub(crate) fn introduction(issuer: &Issuer) -> String {
    let mut text = String::from("\nBuilt-in clients, for trying out only:\n");
    for BuiltIn { client_id, secret, method, about, .. } in &CLIENTS {
        let _ = writeln!(text, "  {client_id:<8} {secret:<15} {method:<20} {about}");
    }
    let [BuiltIn { client_id, secret, .. }, ..] = &CLIENTS;
    let _ = write!(
        text,
        "\nPush a request:\n  curl -u {client_id}:{secret} -d response_type=code -d scope=openid --data-urlencode \
         redirect_uri={callback} -d code_challenge={CODE_CHALLENGE} -d code_challenge_method=S256 {endpoint}\n\
         \nOr open the playground: {playground}\n",
        callback = callback(issuer),
        endpoint = issuer.url("/authorize/par"),
        playground = issuer.url("/"),
    );
    text
}

//! The servers that are compared.

use std::path::Path;

use crate::clients::ISSUER;

pub(crate) struct Server {
    pub(crate) name: &'static str,
    program: Program,
    /// What this server wants beside client authentication and request object.
    pub(crate) beside_object: &'static str,
    /// Whether it takes pushes of a client with keys.
    pub(crate) takes_tokens: bool,
}

enum Program {
    /// An example of parjar's that reads a configuration.
    Demo(&'static str),
    /// The example that takes its port from the environment, and knows one client.
    Minimal(&'static str),
    /// A program of one of the packages beside this one.
    Rust(&'static str),
    Go,
    Node,
}

pub(crate) const EMPTY: &str = "empty";

pub(crate) const ALL: [Server; 9] = [
    Server { name: EMPTY, ..server("", Program::Rust("empty")) },
    server("service", Program::Rust("service")),
    Server { takes_tokens: false, ..server("minimal", Program::Minimal("minimal")) },
    Server { takes_tokens: false, ..server("minimal_actix", Program::Minimal("minimal_actix")) },
    server("axum", Program::Demo("axum")),
    server("actix", Program::Demo("actix")),
    server("oauth-as", Program::Rust("oauth-as")),
    server("node-oidc-provider", Program::Node),
    // It looks at request objects only where the scope beside them asks for OpenID Connect.
    Server { beside_object: "&client_id=bank&response_type=code&scope=openid", ..server("fosite", Program::Go) },
];

const fn server(name: &'static str, program: Program) -> Server {
    Server { name, program, beside_object: "", takes_tokens: true }
}

impl Server {
    /// The command line, in which the address is still to be filled in. `programs` is where cargo builds, `peers` where their packages are.
    pub(crate) fn command(&self, programs: &Path, peers: &Path, configuration: &Path) -> Vec<String> {
        let built = |path: &str| programs.join(path).display().to_string();
        let of_peer = |path: &str| peers.join(path).display().to_string();
        let mut command = match self.program {
            Program::Demo(name) => vec![built(&format!("examples/{name}"))],
            Program::Minimal(name) => {
                return vec!["env".to_owned(), "PORT={port}".to_owned(), built(&format!("examples/{name}"))];
            }
            Program::Rust(name) => vec![built(name)],
            Program::Go => vec![built("fosite")],
            Program::Node => vec!["node".to_owned(), of_peer("node-oidc-provider/server.js")],
        };
        let configuration = configuration.display().to_string();
        command.extend(["--listen", "{listen}", "--issuer", ISSUER, "--config"].map(str::to_owned));
        command.push(configuration);
        command
    }
}

//! The example server, started for one test, and certificates for it and its clients.

use std::{
    env, fs,
    path::PathBuf,
    process::{Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Child,
    time::timeout,
};

const PATIENCE: Duration = Duration::from_secs(30);

pub struct Server {
    pub url: String,
    process: Child,
}

impl Server {
    pub async fn start(config: &Value, flags: &[&str]) -> Self {
        let example = env::var_os("PARJAR_EXAMPLE")
            .expect("PARJAR_EXAMPLE must name the built example, target/debug/examples/axum");
        let file = scratch("json");
        fs::write(&file, config.to_string()).expect("a configuration file");
        let mut command = tokio::process::Command::new(example);
        command.args(["--listen", "127.0.0.1:0", "--config"]).arg(&file).args(flags);
        let mut process =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true).spawn().expect("a server");
        let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        let line = timeout(PATIENCE, lines.next_line()).await.expect("a server that starts in time");
        let line = line.expect("text").expect("a server that starts");
        fs::remove_file(&file).expect("the configuration file is there");
        let url = line.strip_prefix("listening on ").expect("where it listens").to_owned();
        Self { url, process }
    }

    pub async fn stop(mut self) {
        assert_eq!(self.process.try_wait().expect("its state"), None, "the server has ended by itself");
        self.process.kill().await.expect("a server that can be stopped");
    }
}

/// Self-signed, for 127.0.0.1.
pub struct Certificate {
    pub cert_file: String,
    pub key_file: String,
    pub cert: String,
    pub key: String,
}

impl Certificate {
    pub fn make(name: &str) -> Self {
        let text = |path: PathBuf| path.to_str().expect("UTF-8").to_owned();
        let (cert_file, key_file) = (text(scratch("crt")), text(scratch("key")));
        let made = Command::new("openssl")
            .args(["req", "-x509", "-days", "2", "-noenc", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
            .args(["-subj", &format!("/CN={name}"), "-addext", "subjectAltName=IP:127.0.0.1"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", &key_file, "-out", &cert_file])
            .output()
            .expect("the openssl program");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let read = |path: &str| fs::read_to_string(path).expect("a file that openssl has written");
        Self { cert: read(&cert_file), key: read(&key_file), cert_file, key_file }
    }

    /// As a client of `self_signed_tls_client_auth` registers it.
    pub fn jwk(&self) -> Value {
        let der = self.cert.lines().filter(|line| !line.starts_with("-----")).collect::<String>();
        let public = Command::new("openssl").args(["ec", "-in", &self.key_file, "-pubout", "-outform", "DER"]).output();
        let public = public.expect("the openssl program").stdout;
        // An uncompressed point ends the DER.
        let (x, y) = public[public.len() - 64..].split_at(32);
        json!({ "kty": "EC", "crv": "P-256", "use": "sig", "x": base64url(x), "y": base64url(y), "x5c": [der] })
    }
}

impl Drop for Certificate {
    fn drop(&mut self) {
        for file in [&self.cert_file, &self.key_file] {
            let _ = fs::remove_file(file);
        }
    }
}

fn base64url(bytes: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The path of a temporary file that nobody else uses.
fn scratch(extension: &str) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    env::temp_dir().join(format!("parjar-huskarl-{}-{count}.{extension}", std::process::id()))
}

//! PostgreSQL itself: a server of our own unless there is one, and a database for each test.

use std::{
    env, fs,
    net::{Ipv4Addr, SocketAddr},
    os::unix::{
        fs::{MetadataExt as _, chown},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use deadpool_postgres::{Manager, Pool};
use parjar::store::PostgresStore;
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio_postgres::{Client, Config, NoTls};

use crate::support::{Server, TempDir, free_port};

const INSTALL: &str = "apt-get install postgresql";

/// A server with its data in a temporary folder, which ends with this process.
pub(crate) struct Cluster {
    programs: PathBuf,
    folder: TempDir,
    port: u16,
    user: Option<(u32, u32)>,
    /// Waits for this process to end.
    _watch: Server,
}

impl Cluster {
    pub(crate) fn start() -> Self {
        let cluster = Self::empty();
        let data = cluster.data();
        let initialized = cluster.run("initdb", &["-D", &data, "-A", "trust", "-U", "parjar", "-N", "-E", "UTF8"]);
        assert!(initialized, "initdb fails: {INSTALL}");
        cluster.boot();
        cluster
    }

    /// Another server that follows this one.
    pub(crate) fn standby(&self) -> Self {
        let standby = Self::empty();
        let (data, port) = (standby.data(), self.port.to_string());
        let primary = ["-h", "127.0.0.1", "-p", &port, "-U", "parjar"];
        let arguments = [&primary[..], &["-D", &data, "-R", "-X", "stream", "-c", "fast"]].concat();
        assert!(standby.run("pg_basebackup", &arguments), "pg_basebackup fails");
        standby.boot();
        standby
    }

    /// Makes a primary of a standby.
    pub(crate) fn promote(&self) {
        assert!(self.run("pg_ctl", &["-D", &self.data(), "-w", "promote"]));
    }

    fn empty() -> Self {
        let programs = programs();
        let folder = TempDir::new("postgres");
        let user = other_user();
        if let Some((uid, gid)) = user {
            chown(folder.path(), Some(uid), Some(gid)).unwrap();
        }
        let script = r#"cat >/dev/null; "$0/pg_ctl" -D "$1/data" stop -m immediate -s; rm -rf "$1""#;
        let watch = Server::start(
            as_user(&mut Command::new("sh"), user)
                .args(["-c", script])
                .args([&programs, folder.path()])
                .stdin(Stdio::piped())
                .stderr(Stdio::null()),
            INSTALL,
        );
        Self { programs, folder, port: free_port(), user, _watch: watch }
    }

    /// Starts it, again after a [crash](Self::crash).
    pub(crate) fn boot(&self) {
        let folder = self.folder.path().display();
        let options = format!(
            "-p {} -h 127.0.0.1 -k {folder} -c fsync=off -c max_connections=300 -c max_prepared_transactions=0",
            self.port
        );
        let log = format!("{folder}/log");
        let started = self.run("pg_ctl", &["-D", &self.data(), "-o", &options, "-l", &log, "-w", "start"]);
        assert!(started, "PostgreSQL does not start: {}", fs::read_to_string(log).unwrap_or_default());
    }

    /// Ends all its processes at once, without saving anything.
    pub(crate) fn crash(&self) {
        assert!(self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "-w", "stop"]));
    }

    pub(crate) fn config(&self) -> Config {
        let mut config = Config::new();
        config.host("127.0.0.1").port(self.port).user("parjar").dbname("postgres");
        config
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    fn run(&self, program: &str, arguments: &[&str]) -> bool {
        let mut command = Command::new(self.programs.join(program));
        as_user(&mut command, self.user)
            .args(arguments)
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap_or_else(|error| panic!("{program} does not start ({error}): {INSTALL}"))
            .success()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "-w", "stop"]);
    }
}

/// The folder of the newest programs.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let installed = versions.map(|version| version.path().join("bin"));
    let in_path = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect::<Vec<_>>();
    let version = |folder: &Path| folder.iter().rev().nth(1)?.to_str()?.parse::<u32>().ok();
    let mut found: Vec<_> = installed.chain(in_path).filter(|folder| folder.join("initdb").exists()).collect();
    found.sort_by_key(|folder| version(folder));
    found.pop().unwrap_or_else(|| panic!("there is no PostgreSQL: {INSTALL}"))
}

/// The server refuses to run as root.
pub(crate) fn other_user() -> Option<(u32, u32)> {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let user = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut ids = line.split(':').skip(2).map_while(|id| id.parse().ok());
        Some((ids.next()?, ids.next()?))
    };
    Some(user("postgres").or_else(|| user("nobody")).expect("there is a user that is not root"))
}

fn as_user(command: &mut Command, user: Option<(u32, u32)>) -> &mut Command {
    if let Some((uid, gid)) = user {
        command.uid(uid).gid(gid);
    }
    command
}

/// An empty database.
pub(crate) struct Database(Config);

impl Database {
    /// On the server that `PARJAR_TEST_POSTGRES_URL` names, or one that all tests of this process share.
    pub(crate) async fn new() -> Self {
        Self::on(&shared()).await
    }

    pub(crate) async fn on(server: &Config) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("parjar_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let admin = connect(server).await;
        admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).await.unwrap();
        admin.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        let mut config = server.clone();
        config.dbname(&name);
        Self(config)
    }

    /// The database of the same name on another server.
    pub(crate) fn on_server(&self, server: &Config) -> Self {
        let mut config = server.clone();
        config.dbname(self.0.get_dbname().unwrap());
        Self(config)
    }

    /// The database that a process was told of by [`url`](Self::url).
    pub(crate) fn at(url: &str) -> Self {
        Self(url.parse().unwrap())
    }

    pub(crate) fn url(&self) -> String {
        let tokio_postgres::config::Host::Tcp(host) = &self.0.get_hosts()[0] else { panic!("no address") };
        let (user, name) = (self.0.get_user().unwrap(), self.0.get_dbname().unwrap());
        let password = self.0.get_password().map(|password| String::from_utf8(password.to_vec()).unwrap());
        let password = password.map_or_else(String::new, |password| format!("password={password} "));
        format!("host={host} port={} user={user} {password}dbname={name}", self.0.get_ports()[0])
    }

    /// Where the server listens.
    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.0.get_ports()[0]).into()
    }

    /// The same database by another way.
    pub(crate) fn through(&self, address: SocketAddr) -> Self {
        let mut config = Config::new();
        config.host(address.ip().to_string()).port(address.port());
        config.user(self.0.get_user().unwrap()).dbname(self.0.get_dbname().unwrap());
        if let Some(password) = self.0.get_password() {
            config.password(password);
        }
        Self(config)
    }

    /// A role that may connect and nothing else, of this database alone.
    pub(crate) async fn role(&self) -> String {
        let role = format!("{}_app", self.0.get_dbname().unwrap());
        self.run(&format!("DROP ROLE IF EXISTS {role}")).await;
        self.run(&format!("CREATE ROLE {role} LOGIN")).await;
        role
    }

    /// The same database as another role, which needs no password.
    pub(crate) fn as_role(&self, role: &str) -> Self {
        let mut config = self.0.clone();
        config.user(role);
        Self(config)
    }

    pub(crate) fn pool(&self, size: usize) -> Pool {
        Pool::builder(Manager::new(self.0.clone(), NoTls)).max_size(size).build().unwrap()
    }

    /// The same of another driver.
    pub(crate) fn sqlx_pool(&self, size: u32) -> PgPool {
        let tokio_postgres::config::Host::Tcp(host) = &self.0.get_hosts()[0] else { panic!("no address") };
        let mut options = PgConnectOptions::new_without_pgpass()
            .host(host)
            .port(self.0.get_ports()[0])
            .username(self.0.get_user().unwrap())
            .database(self.0.get_dbname().unwrap());
        if let Some(password) = self.0.get_password() {
            options = options.password(std::str::from_utf8(password).unwrap());
        }
        PgPoolOptions::new().max_connections(size).connect_lazy_with(options)
    }

    /// A store over 16 connections, with its tables.
    pub(crate) async fn store(&self) -> PostgresStore {
        let store = PostgresStore::builder(self.pool(16)).build().unwrap();
        store.migrate().await.unwrap();
        store
    }

    pub(crate) async fn connect(&self) -> Client {
        connect(&self.0).await
    }

    pub(crate) async fn run(&self, sql: &str) {
        self.connect().await.batch_execute(sql).await.unwrap();
    }

    /// Everything that is stored, as text.
    pub(crate) async fn dump(&self) -> String {
        let client = self.connect().await;
        let query = "SELECT coalesce(string_agg(r::text, ';' ORDER BY r.key), '') FROM parjar_requests r
                     UNION ALL SELECT coalesce(string_agg(m::text, ';' ORDER BY m.key), '') FROM parjar_marks m";
        let rows = client.query(query, &[]).await.unwrap();
        rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>().join("\n")
    }
}

fn shared() -> Config {
    static SHARED: OnceLock<Cluster> = OnceLock::new();
    match env::var("PARJAR_TEST_POSTGRES_URL") {
        Ok(url) => url.parse().unwrap(),
        Err(_) => SHARED.get_or_init(Cluster::start).config(),
    }
}

async fn connect(config: &Config) -> Client {
    let (client, connection) = config.connect(NoTls).await.expect("PostgreSQL answers");
    tokio::spawn(connection);
    client
}

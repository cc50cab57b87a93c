//! Tries everything that a store needs, once, before the store is built.

use std::{sync::Arc, time::Duration};

use redis::Cmd;
use tokio::time::Instant;

use super::{
    duty::Duty,
    errors::{RedisInstance, RedisStoreError},
    info,
    names::Names,
    script_error::{ScriptError, Why},
    scripts::{ANNOTATE, CLAIM, CONSUME, EXTEND, INSERT, REMEMBER, Script, TAKE_BACK},
    shared_connection::SharedConnection,
    tokens::Token,
};
use crate::{
    random::{RandomSource as _, SystemRandom},
    store::{Annotation, Claim, Extension, MarkPurpose, NewRequest, Owner, RecordKey, ReplayMark, StoreError},
};

/// Lifetime of the keys of the check, should the process end in the middle of it.
const LIFETIME: Duration = Duration::from_secs(10);

/// The commands of the scripts, with arguments after the key. They change nothing while the key does not exist.
const OF_BOTH: &[(&str, &[&str])] = &[("GET", &[]), ("SET", &["", "XX", "PX", "1000"])];
const OF_REQUESTS: &[(&str, &[&str])] =
    &[("GETRANGE", &["0", "89"]), ("SETRANGE", &["1", ""]), ("EXISTS", &[]), ("PEXPIRE", &["1000"]), ("PTTL", &[])];
const OF_MARKS: &[(&str, &[&str])] = &[("DEL", &[])];

/// Checks one server.
pub(super) struct StartupCheck<'a> {
    pub(super) connection: &'a Arc<SharedConnection>,
    pub(super) names: &'a Names,
    pub(super) timeout: Duration,
    pub(super) instance: RedisInstance,
}

impl StartupCheck<'_> {
    /// Tries each command and each script, on keys that no other node has, and deletes them.
    pub(super) async fn of(&self, duty: Duty) -> Result<(), RedisStoreError> {
        let keys = Keys::draw()?;
        let request = self.names.of_request(&keys.request);
        let mark = self.names.of_mark(&keys.mark.key);
        if duty != Duty::Marks {
            self.commands(OF_BOTH, &request).await?;
            self.commands(OF_REQUESTS, &request).await?;
            self.script_commands(&request).await?;
        }
        if duty != Duty::Requests {
            self.commands(OF_BOTH, &mark).await?;
            self.commands(OF_MARKS, &mark).await?;
            self.script_commands(&mark).await?;
        }
        let outcome = self.scripts(duty, &keys).await;
        if duty != Duty::Marks {
            let _ = self.ask("PEXPIRE", Cmd::new().arg("PEXPIRE").arg(&request).arg(0)).await;
        }
        outcome
    }

    /// Tries the two commands that run scripts. Their arguments are plain text: a server that does not know the command quotes them, and
    /// the `redis` crate cannot read an error that is not UTF-8.
    async fn script_commands(&self, key: &[u8]) -> Result<(), RedisStoreError> {
        self.ask("EVAL", Cmd::new().arg("EVAL").arg("return 0").arg(1).arg(key)).await?;
        self.ask("EVALSHA", Cmd::new().arg("EVALSHA").arg("0".repeat(40)).arg(1).arg(key)).await
    }

    async fn commands(&self, commands: &[(&'static str, &[&str])], key: &[u8]) -> Result<(), RedisStoreError> {
        for (name, others) in commands {
            self.ask(name, Cmd::new().arg(name).arg(key).arg(*others)).await?;
        }
        Ok(())
    }

    /// Takes a request and a mark through their lives. Scripts that old servers cannot read come first, while there are no keys.
    async fn scripts(&self, duty: Duty, keys: &Keys) -> Result<(), RedisStoreError> {
        let (names, token, marks) = (self.names, &keys.token, [keys.mark]);
        let insert = NewRequest::new(keys.request, Owner::authenticated(keys.request), &[]);
        let claim = Claim::new(keys.request, keys.request).by_browser(keys.request);
        let annotate = names.annotate(&claim, Annotation::new(&[], 0), token);
        let extend = names.extend(&claim, Extension::new(LIFETIME, LIFETIME));
        let (claim, consume) = (names.claim(&claim, LIFETIME), names.consume(&claim, LIFETIME, token));
        let take_back = names.take_back(&marks, token);
        if duty != Duty::Marks {
            self.script(&CLAIM, &claim).await?;
            self.script(&ANNOTATE, &annotate).await?;
            self.script(&EXTEND, &extend).await?;
            self.script(&CONSUME, &consume).await?;
        }
        if duty != Duty::Requests {
            self.script(&TAKE_BACK, &take_back).await?;
        }
        match duty {
            Duty::Both => self.script(&INSERT, &names.insert(&insert.with_marks(&marks), LIFETIME, token)).await?,
            Duty::Requests => self.ask("SET", &names.insert_alone(&insert, LIFETIME)).await?,
            Duty::Marks => {}
        }
        if duty != Duty::Marks {
            self.script(&CLAIM, &claim).await?;
            self.script(&ANNOTATE, &annotate).await?;
            self.script(&EXTEND, &extend).await?;
            self.script(&CONSUME, &consume).await?;
        }
        if duty != Duty::Requests {
            let outcome = self.script(&REMEMBER, &names.remember(&marks, token)).await;
            self.script(&TAKE_BACK, &take_back).await?;
            outcome?;
        }
        Ok(())
    }

    /// Makes the same call by text and by digest. A repeated call succeeds again.
    async fn script(&self, script: &Script, call: &Cmd) -> Result<(), RedisStoreError> {
        self.ask("EVAL", &script.spelled_out(call)).await?;
        self.ask("EVALSHA", call).await
    }

    async fn ask(&self, command: &'static str, call: &Cmd) -> Result<(), RedisStoreError> {
        match self.connection.ask(self.deadline(), call).await {
            Err(fault) if fault.is_full() || fault.is_of_unknown_script() => Ok(()),
            Err(fault) => Err(self.unfit(command, fault).await),
            Ok(_) => Ok(()),
        }
    }

    async fn unfit(&self, command: &'static str, fault: ScriptError) -> RedisStoreError {
        let instance = self.instance;
        match fault.why() {
            Some(Why::NoCommand) => RedisStoreError::NoCommand { command, instance },
            Some(Why::NotPermitted) => RedisStoreError::NotPermitted { command, instance },
            Some(Why::KeyNotPermitted) => RedisStoreError::KeysNotPermitted { pattern: self.names.pattern(), instance },
            Some(Why::NoScript) => RedisStoreError::TooOld { version: self.version().await, instance },
            Some(Why::Other) | None => StoreError::from(fault).into(),
        }
    }

    /// Returns the version that the server reports.
    async fn version(&self) -> Option<String> {
        let told = self.connection.ask(self.deadline(), Cmd::new().arg("INFO").arg("server")).await.ok()?;
        let version =
            info::lines(&told).into_iter().find_map(|line| Some(line.strip_prefix("redis_version:")?.to_owned()))?;
        version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.').then_some(version)
    }

    /// Returns `true` when the server, or a primary of a cluster, reports that it evicts keys, and `false` when it does not permit the
    /// question.
    pub(super) async fn evicts(&self) -> Result<bool, StoreError> {
        match self.connection.ask(self.deadline(), Cmd::new().arg("INFO").arg("memory")).await {
            Ok(told) => Ok(info::evicting_policy(&told).is_some()),
            Err(fault) if fault.is("NOPERM") || fault.is("ERR") => Ok(false),
            Err(fault) => Err(fault.into()),
        }
    }

    fn deadline(&self) -> Instant {
        let now = Instant::now();
        now.checked_add(self.timeout).unwrap_or(now)
    }
}

/// Random keys, which no other node has.
struct Keys {
    request: RecordKey,
    mark: ReplayMark,
    token: Token,
}

impl Keys {
    fn draw() -> Result<Self, StoreError> {
        let (mut request, mut mark, mut token) = ([0; 32], [0; 32], [0; 16]);
        for bytes in [&mut request[..], &mut mark, &mut token] {
            SystemRandom.fill(bytes).map_err(|_| ScriptError::Random)?;
        }
        let mark = ReplayMark::new(MarkPurpose::Hygiene, RecordKey::from_bytes(mark), LIFETIME);
        Ok(Self { request: RecordKey::from_bytes(request), mark, token })
    }
}

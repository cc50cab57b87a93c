//! The check of one server, under the names of one owner.

use std::time::Duration;

use redis::Cmd;

use super::StartupCheck;
use crate::{
    random::{RandomSource as _, SystemRandom},
    store::{
        Annotation, Claim, Extension, MarkPurpose, NewRequest, Owner, RecordKey, ReplayMark, StoreError,
        redis::{
            call::Call,
            duty::Duty,
            errors::RedisStoreError,
            names::{Family, Names},
            script_error::{ScriptError, Why},
            tokens::Token,
        },
    },
};

/// Lifetime of the keys of the check, should the process end in the middle of it.
const LIFETIME: Duration = Duration::from_secs(10);

/// The commands of the scripts, with arguments after the key. They change nothing while the key does not exist.
const OF_BOTH: &[(&str, &[&str])] = &[("GET", &[]), ("SET", &["", "XX", "PX", "1000"])];
const OF_REQUESTS: &[(&str, &[&str])] =
    &[("GETRANGE", &["0", "89"]), ("SETRANGE", &["1", ""]), ("EXISTS", &[]), ("PEXPIRE", &["1000"]), ("PTTL", &[])];
const OF_MARKS: &[(&str, &[&str])] = &[("DEL", &[])];

/// The check of one server under some names.
pub(super) struct Trial<'a> {
    pub(super) check: &'a StartupCheck<'a>,
    pub(super) names: &'a Names,
    pub(super) owner: RecordKey,
    pub(super) keys: &'a Keys,
}

impl Trial<'_> {
    /// Tries each command and each script, and deletes what they leave.
    pub(super) async fn of(&self, duty: Duty) -> Result<(), RedisStoreError> {
        let request = self.names.name(Family::Request, &self.owner, &self.keys.request);
        let mark = self.names.name(Family::Mark, &self.owner, &self.keys.request);
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
        let outcome = self.scripts(duty).await;
        if duty != Duty::Marks {
            let _ = self.bare("PEXPIRE", Cmd::new().arg("PEXPIRE").arg(&request).arg(0)).await;
        }
        outcome
    }

    /// Tries the two commands that run scripts. Their arguments are plain text: a server that does not know the command quotes them, and
    /// the `redis` crate cannot read an error that is not UTF-8.
    async fn script_commands(&self, key: &[u8]) -> Result<(), RedisStoreError> {
        self.bare("EVAL", Cmd::new().arg("EVAL").arg("return 0").arg(1).arg(key)).await?;
        self.bare("EVALSHA", Cmd::new().arg("EVALSHA").arg("0".repeat(40)).arg(1).arg(key)).await
    }

    async fn commands(&self, commands: &[(&'static str, &[&str])], key: &[u8]) -> Result<(), RedisStoreError> {
        for (name, others) in commands {
            self.bare(name, Cmd::new().arg(name).arg(key).arg(*others)).await?;
        }
        Ok(())
    }

    /// Takes a request and a mark through their lives. Scripts that old servers cannot read come first, while there are no keys.
    async fn scripts(&self, duty: Duty) -> Result<(), RedisStoreError> {
        let (names, owner, Keys { request, marks, token }) = (self.names, self.owner, self.keys);
        let [mark, _] = marks;
        let insert = NewRequest::new(*request, Owner::authenticated(owner), &[]);
        let claim = Claim::new(*request, owner).by_browser(*request);
        let annotate = names.annotate(&claim, Annotation::new(&[], 0), token);
        let extend = names.extend(&claim, Extension::new(LIFETIME, LIFETIME));
        let (claim, consume) = (names.claim(&claim, LIFETIME), names.consume(&claim, LIFETIME, token));
        let take_back = names.take_back(&owner, marks, token);
        let life = [&claim, &annotate, &extend, &consume];
        if duty != Duty::Marks {
            for call in life {
                self.script(call).await?;
            }
        }
        if duty != Duty::Requests {
            self.script(&take_back).await?;
            self.script(&names.find(&owner, marks, token)).await?;
        }
        let marks_with_it = [*mark];
        match duty {
            Duty::Both => self.script(&names.insert(&insert.with_marks(&marks_with_it), LIFETIME, token)).await?,
            Duty::Requests => self.ask("SET", &names.insert_alone(&insert, LIFETIME)).await?,
            Duty::Marks => {}
        }
        if duty != Duty::Marks {
            for call in life {
                self.script(call).await?;
            }
        }
        if duty != Duty::Requests {
            let one = self.ask("SET", &names.remember(&owner, &marks_with_it, token)).await;
            let both = self.script(&names.remember(&owner, marks, token)).await;
            self.script(&take_back).await?;
            one.and(both)?;
        }
        Ok(())
    }

    /// Makes the same call by text and by digest. A repeated call succeeds again.
    async fn script(&self, call: &Call) -> Result<(), RedisStoreError> {
        if let Some(script) = call.script {
            self.bare("EVAL", &script.spelled_out(&call.command)).await?;
        }
        self.bare("EVALSHA", &call.command).await
    }

    async fn bare(&self, name: &'static str, command: &Cmd) -> Result<(), RedisStoreError> {
        self.ask(name, &Call::without_key(command.clone())).await
    }

    async fn ask(&self, name: &'static str, call: &Call) -> Result<(), RedisStoreError> {
        match self.check.connection.run(self.check.deadline(), call).await {
            Err(fault) if fault.is_full() || fault.is_of_unknown_script() => Ok(()),
            Err(fault) => Err(self.unfit(name, fault).await),
            Ok(_) => Ok(()),
        }
    }

    async fn unfit(&self, command: &'static str, fault: ScriptError) -> RedisStoreError {
        let instance = self.check.instance;
        match fault.why() {
            Some(Why::NoCommand) => RedisStoreError::NoCommand { command, instance },
            Some(Why::NotPermitted) => RedisStoreError::NotPermitted { command, instance },
            Some(Why::KeyNotPermitted) => RedisStoreError::KeysNotPermitted { pattern: self.names.pattern(), instance },
            Some(Why::NoScript) => RedisStoreError::TooOld { version: self.check.version().await, instance },
            Some(Why::Other) | None => StoreError::from(fault).into(),
        }
    }
}

/// Random keys, which no other node has.
pub(super) struct Keys {
    pub(super) request: RecordKey,
    marks: [ReplayMark; 2],
    token: Token,
}

impl Keys {
    pub(super) fn draw() -> Result<Self, StoreError> {
        let (mut keys, mut token) = ([[0; 32]; 3], [0; 16]);
        for bytes in keys.iter_mut().map(|key| &mut key[..]).chain([&mut token[..]]) {
            SystemRandom.fill(bytes).map_err(|_| ScriptError::Random)?;
        }
        let [request, one, other] = keys.map(RecordKey::from_bytes);
        let marks = [one, other].map(|key| ReplayMark::new(MarkPurpose::Hygiene, key, LIFETIME));
        Ok(Self { request, marks, token })
    }
}

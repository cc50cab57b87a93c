//! Putting requests and marks down: in one step where they are in one place, and else the marks first, which are taken back if what
//! follows is refused.

use std::{sync::Arc, time::Duration};

use redis::Value;
use tokio::time::Instant;

use super::{
    RedisStore, Shared,
    call::Call,
    replies::{inserted, inserted_alone, remembered},
    script_error::ScriptError,
    shared_connection::SharedConnection,
    tokens::Token,
};
use crate::store::{
    InsertError, NewRequest, Owner, Remembered, ReplayMark, StoreError, StoreRefusal,
    hygiene::Admitted,
    unauthenticated::{bytes_of, bytes_of_marks},
};

/// A step that puts marks down, and the one that takes them back.
struct Step {
    connection: Arc<SharedConnection>,
    remember: Call,
    find: Call,
    take_back: Call,
}

/// Marks that are put down by several steps.
struct Steps {
    shared: Arc<Shared>,
    deadline: Instant,
    marks: Vec<ReplayMark>,
    token: Token,
    steps: Vec<Step>,
}

impl RedisStore {
    pub(super) async fn insert_within_room(
        &self,
        request: NewRequest<'_>,
        lifetime: Duration,
    ) -> Result<Remembered, InsertError> {
        let (shared, deadline) = (&*self.0, self.0.deadline());
        let (of_marks, of_request) = (bytes_of_marks(request.marks), bytes_of(&request));
        if let Some(instance) = &shared.marks {
            instance.leave_memory(request.owner, of_marks, lifetime, deadline).await?;
            shared.requests.leave_memory(request.owner, of_request, lifetime, deadline).await?;
        } else {
            let bytes = of_request.saturating_add(of_marks);
            shared.requests.leave_memory(request.owner, bytes, lifetime, deadline).await?;
        }
        let Admitted { marks, remembered } = shared.hygiene.admit(request.owner, request.marks);
        let request = NewRequest { marks: &marks, ..request };
        let (names, connection) = (&shared.names.written, &shared.requests.connection);
        if request.marks.is_empty() {
            let answer = connection.run(deadline, &names.insert_alone(&request, lifetime)).await;
            return inserted_alone(answer, lifetime).map(|()| remembered);
        }
        let token = shared.tokens.draw();
        let has_marks_elsewhere = shared.marks.is_some();
        let mut steps = self.steps(request.owner, request.marks, token, deadline);
        if !has_marks_elsewhere {
            // They come with the request.
            steps.steps.pop();
        }
        if steps.steps.is_empty() {
            let answer = connection.run(deadline, &names.insert(&request, lifetime, &token)).await;
            let find = || names.find(&request.owner.key, request.marks, &token);
            let answer = unless_known(connection, deadline, answer, find).await;
            return inserted(answer, request.marks, lifetime).map(|()| remembered);
        }
        let last = if has_marks_elsewhere {
            names.insert_alone(&request, lifetime)
        } else {
            names.insert(&request, lifetime, &token)
        };
        // A caller that goes away must not part the steps.
        let insertion = tokio::spawn(async move {
            steps.put_down().await?;
            let answer = steps.shared.requests.connection.run(deadline, &last).await;
            let may_be_there = match &answer {
                Ok(answer) => matches!(answer, Value::Okay | Value::Int(0)),
                Err(fault) => fault.is_unknown(),
            };
            if !may_be_there {
                steps.take_back(steps.steps.len()).await;
            }
            if has_marks_elsewhere {
                inserted_alone(answer, lifetime)
            } else {
                inserted(answer, &steps.marks, lifetime)
            }
        });
        let inserted = insertion.await.unwrap_or_else(|error| Err(StoreError::new(error).into()));
        inserted.map(|()| remembered)
    }

    pub(super) async fn remember_within_room(
        &self,
        owner: Owner,
        marks: &[ReplayMark],
    ) -> Result<Remembered, StoreRefusal> {
        let (shared, deadline) = (&*self.0, self.0.deadline());
        let instance = shared.marks.as_ref().unwrap_or(&shared.requests);
        let lifetime = marks.first().map_or(Duration::ZERO, |mark| mark.lifetime);
        instance.leave_memory(owner, bytes_of_marks(marks), lifetime, deadline).await?;
        let Admitted { marks, remembered: skipped } = shared.hygiene.admit(owner, marks);
        if marks.is_empty() {
            return Ok(skipped);
        }
        let token = shared.tokens.draw();
        if shared.names.of_marks_too.is_none() {
            let (names, connection) = (&shared.names.written, &instance.connection);
            let answer = connection.run(deadline, &names.remember(&owner.key, &marks, &token)).await;
            let find = || names.find(&owner.key, &marks, &token);
            let answer = unless_known(connection, deadline, answer, find).await;
            return remembered(answer, &marks, &token).map(|()| skipped);
        }
        let steps = self.steps(owner, &marks, token, deadline);
        let putting = tokio::spawn(async move { steps.put_down().await });
        let put = putting.await.unwrap_or_else(|error| Err(StoreError::new(error).into()));
        put.map(|()| skipped)
    }

    /// The steps that put marks down, the one under the names that are written last.
    fn steps(&self, owner: Owner, marks: &[ReplayMark], token: Token, deadline: Instant) -> Steps {
        let shared = Arc::clone(&self.0);
        let instance = shared.marks.as_ref().unwrap_or(&shared.requests);
        let names = shared.names.of_marks_too.iter().chain([&shared.names.written]);
        let steps = names.map(|names| Step {
            connection: Arc::clone(&instance.connection),
            remember: names.remember(&owner.key, marks, &token),
            find: names.find(&owner.key, marks, &token),
            take_back: names.take_back(&owner.key, marks, &token),
        });
        let steps = steps.collect();
        Steps { shared, deadline, marks: marks.to_vec(), token, steps }
    }
}

impl Steps {
    async fn put_down(&self) -> Result<(), StoreRefusal> {
        for (done, step) in self.steps.iter().enumerate() {
            let answer = step.connection.run(self.deadline, &step.remember).await;
            let answer = unless_known(&step.connection, self.deadline, answer, || step.find.clone()).await;
            let may_be_there = answer.as_ref().is_err_and(ScriptError::is_unknown);
            if let Err(refusal) = remembered(answer, &self.marks, &self.token) {
                self.take_back(if may_be_there { done.saturating_add(1) } else { done }).await;
                return Err(refusal);
            }
        }
        Ok(())
    }

    /// Takes back what so many steps have put down. What cannot be taken back stays: what it stands for is used up.
    async fn take_back(&self, steps: usize) {
        for step in self.steps.iter().take(steps) {
            let _ = step.connection.run(self.shared.deadline(), &step.take_back).await;
        }
    }
}

/// Where a server has no memory for marks, asks whether one of them is known, since that is the answer whatever else is wrong.
async fn unless_known(
    connection: &Arc<SharedConnection>,
    deadline: Instant,
    answer: Result<Value, ScriptError>,
    find: impl FnOnce() -> Call,
) -> Result<Value, ScriptError> {
    if !answer.as_ref().is_err_and(ScriptError::is_full) {
        return answer;
    }
    match connection.run(deadline, &find()).await {
        Ok(Value::Nil) | Err(_) => answer,
        found => found,
    }
}

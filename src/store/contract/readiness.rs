//! The question whether the next push would be taken.

use super::{
    Harness, Violation,
    bench::{Bench, CALLERS, LONG, at_once, expect, give_up, is_replay_of},
};
use crate::store::{ClaimError, RequestStore as _};

pub(super) const IS_READY: &str = "a store that takes requests says that it is ready";

const CHANGES_NOTHING: &str = "to be asked whether it is ready changes nothing";

pub(super) fn check<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    is_ready(bench)?;
    asking_changes_nothing(bench, |bench| is_ready(bench))?;
    // However many awaits it has, one of these gives up between each two of them.
    for polls in 1..=4 {
        asking_changes_nothing(bench, |bench| {
            bench.harness.block_on(give_up(bench.store().ready(), polls));
            Ok(())
        })?;
    }
    let answers = at_once(bench.harness, |store, _| bench.harness.block_on(store.ready()))?;
    expect(IS_READY, &answers, |answers| answers.len() == CALLERS && answers.iter().all(Result::is_ok))?;
    is_ready(bench)
}

fn is_ready<H: Harness>(bench: &Bench<'_, H>) -> Result<(), Violation> {
    expect(IS_READY, &bench.harness.block_on(bench.store().ready()), Result::is_ok)
}

/// In each state of a request, and with a mark.
fn asking_changes_nothing<H: Harness>(
    bench: &Bench<'_, H>,
    ask: impl Fn(&Bench<'_, H>) -> Result<(), Violation>,
) -> Result<(), Violation> {
    let [mark] = bench.marks()?;
    let (waiting, open, spent) = (bench.subject()?, bench.open()?.claim_by(None), bench.open()?.claim_by(None));
    expect("a new request is inserted", &bench.insert(waiting.request().with_marks(&[mark])), Result::is_ok)?;
    expect("an open request is spent", &bench.consume(spent), Result::is_ok)?;
    ask(bench)?;
    let unopened = bench.consume(waiting.claim_by(None));
    expect(CHANGES_NOTHING, &unopened, |unopened| matches!(unopened, Err(ClaimError::Unknown)))?;
    let claimed = bench.claim(waiting.claim_by(None));
    expect(CHANGES_NOTHING, &claimed, |claimed| {
        claimed.as_ref().is_ok_and(|claimed| claimed.payload == waiting.payload)
    })?;
    expect(CHANGES_NOTHING, &bench.remember(waiting.owner, &[mark]), is_replay_of(mark))?;
    expect(CHANGES_NOTHING, &bench.claim(spent), |spent| matches!(spent, Err(ClaimError::Spent)))?;
    expect(CHANGES_NOTHING, &bench.consume_for(open, LONG), Result::is_ok)
}

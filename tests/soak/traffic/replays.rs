//! A client whose assertions come again, at every node: each is good once.

use std::sync::Arc;

use crate::{
    answers::{Endpoint, check},
    case::Case,
    clients::BANK,
    dice::Dice,
    http::exchange,
    login::parameters,
    world::World,
};

pub(crate) async fn replay_again_and_again(world: Arc<World>, mut dice: Dice) {
    while !world.is_over() {
        replay(&world, &mut dice).await;
        tokio::time::sleep(dice.milliseconds(20..300)).await;
    }
}

async fn replay(world: &Arc<World>, dice: &mut Dice) {
    let case = Case::new(world, BANK, dice.text(16));
    let jumps = || world.nodes.iter().map(|node| node.jumps()).sum::<u64>();
    let (losses, jumps_before) = (world.losses(), jumps());
    let parameters = parameters(&case);
    let fields: Vec<_> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let ahead = world.node(dice).ahead();
    let bytes = BANK.authenticated(dice, ahead, &fields).to("/authorize/par");
    let (one, other) = (Arc::clone(world.node(dice)), Arc::clone(world.node(dice)));
    let together = tokio::join!(exchange(one.port, &bytes), exchange(other.port, &bytes));
    let again = world.node(dice);
    let answers = [together.0, together.1, exchange(again.port, &bytes).await];
    let mut statuses = Vec::new();
    for answer in &answers {
        let Ok(answer) = answer else {
            statuses.push(0);
            continue;
        };
        check(Endpoint::Programs, answer);
        statuses.push(answer.status);
    }
    case.note(format_args!("the assertion is sent to {}, {} and {}: {statuses:?}", one.name, other.name, again.name));
    let accepted = statuses.iter().filter(|status| **status == 201).count();
    // A date that jumps to and fro by more than assertions live refuses them all, or none.
    if accepted > 1 && world.has_lost_nothing_since(losses) {
        case.fail("an assertion was good twice");
    }
    if statuses.iter().any(|status| !matches!(status, 0 | 201 | 401 | 503)) {
        case.fail(format_args!("{answers:?}"));
    }
    let undisturbed = jumps_before == jumps() && world.nodes.iter().all(|node| node.jumps().is_multiple_of(2));
    let same_time = world.nodes.iter().all(|node| node.ahead() == world.nodes[0].ahead());
    if accepted == 0 && statuses.iter().all(|status| *status == 401) && undisturbed && same_time {
        case.fail("a fresh assertion is refused");
    }
    if accepted == 1 && statuses.contains(&401) {
        world.tally.count("replay refused");
    }
}

//! Clients that take their time, or stop in the middle and hold the connection.

use std::{sync::Arc, time::Duration};

use tokio::io::AsyncWriteExt as _;

use crate::{
    case::Case,
    clients::{SHOP, WEB},
    dice::Dice,
    http::{answer, connect},
    login::{accepted, parameters},
    world::World,
};

/// A server waits 30 seconds for a head, and 10 for a body.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) async fn dawdle_again_and_again(world: Arc<World>, mut dice: Dice) {
    while !world.is_over() {
        dawdle(&world, &mut dice).await;
    }
}

async fn dawdle(world: &Arc<World>, dice: &mut Dice) {
    let case = Case::new(world, *dice.pick(&[WEB, SHOP]), dice.text(16));
    let node = Arc::clone(world.node(dice));
    let (losses, jumps, parameters) = (world.losses(), node.jumps(), parameters(&case));
    let fields: Vec<_> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let bytes = case.client.authenticated(dice, 0, &fields).to("/authorize/par");
    let Ok(mut stream) = connect(node.port).await else { return tokio::time::sleep(Duration::from_millis(100)).await };
    let stops_at = if dice.one_in(2) { dice.below(bytes.len()) } else { bytes.len() };
    let mut sent = 0;
    while sent < stops_at {
        let piece = (1 + dice.below(80)).min(stops_at - sent);
        if stream.write_all(&bytes[sent..sent + piece]).await.is_err() {
            return;
        }
        sent += piece;
        tokio::time::sleep(dice.milliseconds(1..200)).await;
    }
    if stops_at < bytes.len() {
        tokio::time::sleep(dice.milliseconds(100..2000)).await;
        world.tally.count("stopped in the middle");
        return;
    }
    let read = tokio::time::timeout(PATIENCE, answer(&mut stream)).await;
    let read = read.unwrap_or_else(|_| case.fail("a slow client gets no answer"));
    if accepted(&case, &node, jumps, losses, read).is_some() {
        world.tally.count("slow push");
    }
}

//! Changes of nothing but values: where an amendment is asked for in the place of an apply, it tells the same.

use super::*;

#[tokio::test]
async fn an_amendment_tells_what_the_apply_tells() {
    let seed = number("COUNTERSIGN_APPLIED_SEED", SEED);
    let pairs = usize::try_from(number("COUNTERSIGN_APPLIED_PAIRS", PAIRS as u64)).unwrap();
    let environment = applied(ApplyMode::ServerSide, "keeper");
    let mut dice = Dice(seed.wrapping_add(9 << 17) | 1);
    let (mut asked, mut settled) = (0, 0);
    for round in 0..pairs.div_ceil(ROUND) {
        let Some(world) = patient().await else { return };
        world.define(&kinds::definition(), GROUP).await;
        let mut inputs = Vec::new();
        for one in 0..ROUND {
            let Pair { base: Some(base), meanwhile, .. } =
                fitting(&world, &mut dice, &format!("made-{one}")).await
            else {
                continue;
            };
            let kind = Kind::of(&base);
            if !kind.is_asked() {
                continue;
            }
            world.server.apply(&path_of(&base), &base).await;
            if let Some(meanwhile) = meanwhile.filter(|_| dice.often(3)) {
                meanwhile.happens(&world, &path_of(&base)).await;
            }
            inputs.push(input(Some(&base), Some(&edits::revalued(&mut dice, kind, &base))));
        }
        let predicted = world.predict(&environment, inputs.clone()).await;
        let unamended = Unamended::of(&world.cluster);
        let otherwise = predict(&unamended, &environment, inputs).await;
        eprintln!("round {round}, seed {seed}");
        asked += unamended.holds(&predicted, &otherwise);
        settled += predicted.effects.iter().filter(|effect| effect.settled == Some(true)).count();
    }
    eprintln!("{asked} of {pairs} were asked about as amendments, {settled} are settled");
    assert!(asked * 6 > pairs, "few amendments: {asked} of {pairs}");
}

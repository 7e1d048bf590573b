//! Each checker and its brute force agree on small random histories: 20,000 in every test run, 100,000 with `NETSPLIT_LONG=100000`.

use netsplit_check::Checker;
use netsplit_check::consistency::{
    causal, convergence_within, monotonic_reads, monotonic_writes, read_your_writes, sequential,
    staleness_within, staleness_within_versions, writes_follow_reads,
};
use netsplit_check::spec::KeyValue;
use netsplit_node::{KeyValueRequest, KeyValueResponse, Random, ns};

use crate::drawn::{Shape, Store, changed_a_little, count_and_seed, history};
use crate::laws::WITNESSES;
use crate::oracle::{Guarantee, World, is_sequential, world};

/// Compares on many histories. Of a thousand, so many must be violated, and not only since a read saw what nobody wrote or what came of
/// itself: else nothing was compared.
fn compare<C: Checker<KeyValueRequest, KeyValueResponse>>(
    least: u64,
    checker: impl Fn(&mut Random) -> (C, BruteForce),
) {
    let (count, seed) = count_and_seed(20_000);
    let (mut violated, mut held) = (0, 0);
    for number in 0..count {
        let mut random = Random::stream(seed, &[number]);
        let history = any_history(&mut random);
        let (checker, brute_force) = checker(&mut random);
        let world = world(&history);
        let expected = brute_force(&history, world.as_ref());
        let verdict = checker.check(&history);
        assert_eq!(verdict.holds(), expected, "seed {seed}, history {number}\n{history}\n{verdict}");
        assert!(!verdict.is_undecided(), "seed {seed}, history {number}\n{history}\n{verdict}");
        held += u64::from(expected);
        violated += u64::from(!expected && world.is_some_and(|world| !world.is_circular()));
    }
    assert!(violated * 1000 >= least * count && held * 5 >= count, "{violated} violated, {held} not");
}

/// A drawn one, or an intricate one changed a little.
fn any_history(random: &mut Random) -> Store {
    if random.chance(0.3) {
        changed_a_little(&WITNESSES.map(|(text, _)| text), random)
    } else {
        history(Shape::any(random), random)
    }
}

/// Whether a history is right; the world is there unless a read saw what nobody wrote.
type BruteForce = Box<dyn Fn(&Store, Option<&World>) -> bool>;

/// Brute force for a model that knows which write each read saw: what nobody wrote is a violation.
fn on_world(holds: impl Fn(&World) -> bool + 'static) -> BruteForce {
    Box::new(move |_, world| world.is_some_and(&holds))
}

#[test]
fn sequential_consistency() {
    // Every order of all operations, those of unknown outcome included or not.
    compare(100, |_| (sequential(KeyValue), Box::new(|history, _| is_sequential(history))));
}

#[test]
fn causal_convergence() {
    // Every order of the writes.
    compare(100, |_| (causal().convergent(), on_world(World::is_causally_convergent)));
}

#[test]
fn causal_memory() {
    // Every order of the writes and a session's reads. Where calls of a session overlap, violations are right but need not be all.
    let (count, seed) = count_and_seed(20_000);
    let (mut violated, mut held, mut missed) = (0, 0, 0);
    for number in 0..count {
        let mut random = Random::stream(seed, &[number]);
        let history = any_history(&mut random);
        let world = world(&history);
        let expected = world.as_ref().is_some_and(World::is_causal_memory);
        let verdict = causal().check(&history);
        let context = || format!("seed {seed}, history {number}\n{history}\n{verdict}");
        if world.is_none_or(|world| world.all_wait()) {
            assert_eq!(verdict.holds(), expected, "{}", context());
        } else if verdict.holds() != expected {
            assert!(verdict.holds(), "{}", context());
            missed += 1;
        }
        if expected { held += 1 } else { violated += 1 }
    }
    assert!(violated > count / 10 && held > count / 5, "{violated} violated, {held} not");
    assert!(missed <= count / 1000, "{missed} missed");
}

/// A session guarantee, with and without real time.
macro_rules! guarantee {
    ($name:ident, $guarantee:ident) => {
        #[test]
        fn $name() {
            // Every order of the writes, for each session.
            compare(5, |random| {
                let real_time = random.chance(0.5);
                let checker = if real_time { super::$name().writes_in_real_time() } else { super::$name() };
                (checker, on_world(move |world| world.keeps(Guarantee::$guarantee, real_time)))
            });
        }
    };
}

mod guarantees {
    use super::*;
    guarantee!(read_your_writes, ReadYourWrites);
    guarantee!(monotonic_reads, MonotonicReads);
    guarantee!(monotonic_writes, MonotonicWrites);
    guarantee!(writes_follow_reads, WritesFollowReads);
}

#[test]
fn bounded_staleness_in_time() {
    // For each read, every order of the writes that real time allows.
    compare(50, |random| {
        let age = ns(random.below(6) as i64);
        (staleness_within(age), on_world(move |world| world.is_stale_at_most(age, 0)))
    });
}

#[test]
fn bounded_staleness_in_versions() {
    // The same, counting.
    compare(50, |random| {
        let versions = random.below(3) as usize;
        (staleness_within_versions(versions), on_world(move |world| world.is_stale_at_most(ns(0), versions)))
    });
}

#[test]
fn convergence() {
    // For each key, every result on which the late reads might agree.
    compare(20, |random| {
        let within = ns(random.below(4) as i64);
        (convergence_within(within), on_world(move |world| world.converges(within)))
    });
}

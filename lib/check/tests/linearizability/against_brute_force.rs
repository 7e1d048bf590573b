//! The checker and brute force agree on 100,000 small random histories; orders and reasons are what they say.

use netsplit_check::spec::Specification;
use netsplit_check::{Finding, Judgement, linearizable};
use netsplit_node::{History, Random, Time};

use crate::oracle::{Tried, has_order, tried};
use crate::random_histories::{self as histories, Shape, Words, random_history};

/// How often each verdict was found.
#[derive(Default)]
struct Tally {
    holds: u32,
    violated: u32,
    /// Of the violated ones, those whose reason names more than one other operation.
    intricate: u32,
}

fn compare<S: Specification>(words: &Words<S>, count: u64, seed: u64) -> Tally {
    let mut tally = Tally::default();
    for number in 0..count {
        let mut random = Random::stream(seed, &[number]);
        let shape = Shape {
            operations: 1 + random.below(6),
            callers: 1 + random.below(4),
            open: random.below(4),
            failed: random.below(2),
        };
        let faithful = [1.0, 0.9, 0.7, 0.3][random.below(4) as usize];
        let history = random_history(words, shape, faithful, &mut random);
        let expected = has_order(&words.specification, &tried::<S>(&history));
        // Divided into parts or not, it is the same history.
        let divided = linearizable(&words.specification).on_threads(1);
        for checker in [divided.clone(), divided.undivided()] {
            let judgement = checker.judge(&history);
            let context = || format!("seed {seed}, history {number}\n{history:?}\n{judgement:?}");
            assert_eq!(judgement.holds(), expected, "{}", context());
            assert_ne!(judgement.holds(), judgement.is_violated(), "{}", context());
            for part in &judgement.parts {
                let may = is_what_it_says(words, &history, &judgement, &part.finding);
                assert!(may.is_ok(), "{}: {}", may.unwrap_err(), context());
                tally.intricate += u32::from(reasons(&part.finding) > 1);
            }
        }
        tally.holds += u32::from(expected);
        tally.violated += u32::from(!expected);
    }
    tally
}

fn reasons(finding: &Finding) -> usize {
    if let Finding::Violated { because, .. } = finding { because.len() } else { 0 }
}

/// A linearization is one; the operation that cannot be placed is the first; the reasons suffice, and none is one too many.
fn is_what_it_says<S: Specification>(
    words: &Words<S>,
    history: &History<S::Request, S::Response>,
    judgement: &Judgement,
    finding: &Finding,
) -> Result<(), &'static str> {
    let whole = judgement.parts.len() == 1;
    match finding {
        Finding::Linearizable { order } => {
            let complete = !whole || answered(history).all(|operation| order.contains(&operation));
            check(complete && is_order(words, history, order), "no linearization")
        }
        Finding::Violated { operation, order, because } => {
            check(is_order(words, history, order), "the prefix's order is none")?;
            // Brute force on parts would need the parts: the rest is tried on undivided histories.
            if !whole {
                return Ok(());
            }
            let end = history.operations[*operation].returned.ok_or("an open operation is accused")?;
            let until = |last: Time, open: &dyn Fn(usize) -> bool| {
                let all = tried::<S>(history).into_iter().filter(|it| it.operation.invoked <= last);
                let all: Vec<Tried<'_, S>> = all
                    .map(|it| {
                        let place = history
                            .iter()
                            .position(|other| std::ptr::eq(other, it.operation))
                            .expect("one of them");
                        let ended = it.ended.filter(|&ended| ended <= last);
                        if open(place) {
                            Tried { response: None, ended: None, ..it }
                        } else {
                            Tried { ended, ..it }
                        }
                    })
                    .collect();
                has_order(&words.specification, &all)
            };
            check(!until(end, &|_| false), "the prefix that ends with it has an order")?;
            let ties = answered(history)
                .any(|other| other != *operation && history.operations[other].returned == Some(end));
            let earlier = answered(history)
                .filter_map(|it| history.operations[it].returned)
                .filter(|&it| it < end)
                .max();
            check(
                ties || earlier.is_none_or(|earlier| until(earlier, &|_| false)),
                "an earlier one has no order",
            )?;
            let named = |place: usize| place == *operation || because.contains(&place);
            check(!until(end, &|place| !named(place)), "the reasons do not suffice")?;
            let needless = because.iter().any(|&one| !until(end, &|place| !named(place) || place == one));
            check(!needless, "a reason is one too many")
        }
        Finding::Undecided { .. } => Err("nothing may stay undecided here"),
    }
}

fn check(holds: bool, otherwise: &'static str) -> Result<(), &'static str> {
    holds.then_some(()).ok_or(otherwise)
}

fn answered<Q, R>(history: &History<Q, R>) -> impl Iterator<Item = usize> {
    let is_ok =
        |&place: &usize| matches!(history.operations[place].outcome, Some(netsplit_node::Outcome::Ok(_)));
    (0..history.len()).filter(is_ok)
}

/// Whether the specification allows this order and real time does not forbid it.
fn is_order<S: Specification>(
    words: &Words<S>,
    history: &History<S::Request, S::Response>,
    order: &[usize],
) -> bool {
    let mut state = words.specification.init();
    for (index, &place) in order.iter().enumerate() {
        let operation = &history.operations[place];
        let later_ended_before = order[index + 1..].iter().any(|&later| {
            let later = &history.operations[later];
            matches!(later.outcome, Some(netsplit_node::Outcome::Ok(_)))
                && later.returned.is_some_and(|end| end < operation.invoked)
        });
        let response = operation.outcome.response();
        match words.specification.step(&state, &operation.request, response) {
            Some(next) if !later_ended_before && !order[index + 1..].contains(&place) => state = next,
            _ => return false,
        }
    }
    true
}

/// The response of an `Ok`.
trait Told<R> {
    fn response(&self) -> Option<&R>;
}

impl<R> Told<R> for Option<netsplit_node::Outcome<R>> {
    fn response(&self) -> Option<&R> {
        if let Some(netsplit_node::Outcome::Ok(response)) = self { Some(response) } else { None }
    }
}

/// Both verdicts, and intricate reasons, are common in what was compared: otherwise nothing was.
fn must_be_mixed(name: &str, tally: &Tally, count: u64) {
    let least = count as u32 / 10;
    assert!(
        tally.holds > least && tally.violated > least,
        "{name}: {} hold, {} not",
        tally.holds,
        tally.violated
    );
    assert!(tally.intricate > least / 200, "{name}: {} intricate", tally.intricate);
}

macro_rules! agrees_with_brute_force {
    ($($words:ident),*) => {$(
        /// 10,000 histories of this specification.
        #[test]
        fn $words() {
            const COUNT: u64 = 10_000;
            let tally = compare(&histories::$words(), COUNT, 20_261_121);
            must_be_mixed(stringify!($words), &tally, COUNT);
        }
    )*};
}

agrees_with_brute_force!(
    register,
    cas_register,
    key_value,
    append_store,
    set,
    queue,
    counter,
    lock,
    bank,
    log
);

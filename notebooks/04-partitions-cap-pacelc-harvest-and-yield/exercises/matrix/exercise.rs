//! `matrix`: the mode matrix of a cash machine, as a value; a model checker goes through every day that it can have.

use std::collections::{BTreeSet, VecDeque};

use netsplit::grade::{Case, Exercise, Rule};
use netsplit::model::{Mode, ModeMatrix};

use super::given::*;

/// The exercise, with the tests that everybody sees.
pub fn exercise() -> Exercise {
    Exercise::new("matrix", "The day's plan of a cash machine", 15.0, Rule::Diagnosis)
        .function("cash_machine", "", "::netsplit::model::ModeMatrix")
        .visible("four rows", 1, rows)
        .visible("no dead end", 2, dead_ends)
        .visible("a short cut", 3, |case| {
            day(case, &[BANK_SILENT, BANK_SILENT, BANK_ANSWERS, NOTES_CONFIRMED])
        })
        .visible("a long cut", 4, |case| {
            day(case, &[BANK_SILENT, LIMIT_SPENT, BANK_SILENT, BANK_ANSWERS, BANK_ANSWERS, NOTES_CONFIRMED]);
        })
}

/// What is true of the world of a cash machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct World {
    bank_answers: bool,
    limit_left: bool,
    notes_open: bool,
}

const AT_FIRST: World = World { bank_answers: true, limit_left: true, notes_open: false };

impl World {
    /// The world after some evidence; nothing if it cannot come now.
    fn after(self, evidence: &str) -> Option<World> {
        match evidence {
            BANK_SILENT => Some(World { bank_answers: false, notes_open: true, ..self }),
            LIMIT_SPENT => (!self.bank_answers).then_some(World { limit_left: false, ..self }),
            BANK_ANSWERS => Some(World { bank_answers: true, ..self }),
            NOTES_CONFIRMED => self.bank_answers.then_some(AT_FIRST),
            _ => None,
        }
    }
}

/// What may be wrong, each by its name and weight.
const WRONG: [(&str, f64); 6] = [
    ("no money is given without the bank or a limit", 4.0),
    ("a short silence still gives money", 2.0),
    ("deposits are booked only by the bank", 1.0),
    ("no old balance is shown as fresh", 2.0),
    ("the target is reached only when all notes are confirmed", 3.0),
    ("when all is well again, the target is reached", 2.0),
];

/// Which of them is wrong in a mode of the matrix, in a world, after some evidence.
fn wrong(matrix: &ModeMatrix, before: Mode, mode: Mode, world: World, evidence: &str) -> Vec<usize> {
    let does = |operation: &str, what: &str| matrix.does(mode, operation) == Some(what);
    let is_settled = world.bank_answers && !world.notes_open;
    let gives_too_much =
        does(WITHDRAWALS, GIVEN) && !is_settled || does(WITHDRAWALS, UP_TO_THE_LIMIT) && !world.limit_left;
    let is_first_silence = before == Mode::Target && evidence == BANK_SILENT;
    let found = [
        gives_too_much,
        is_first_silence && !does(WITHDRAWALS, UP_TO_THE_LIMIT),
        does(DEPOSITS, BOOKED) && !is_settled,
        does(BALANCE, FRESH) && !is_settled,
        mode == Mode::Target && !is_settled,
        evidence == NOTES_CONFIRMED && mode != Mode::Target,
    ];
    (0..WRONG.len()).filter(|number| found[*number]).collect()
}

fn matrix(case: &mut Case) -> Option<ModeMatrix> {
    case.evaluate::<(), ModeMatrix>("cash_machine", &())
}

/// Each mode says of each operation what becomes of it, in the given words, and each is another day.
pub fn rows(case: &mut Case) {
    let Some(matrix) = matrix(case) else { return };
    let words = [
        (WITHDRAWALS, &[GIVEN, UP_TO_THE_LIMIT, REFUSED][..]),
        (DEPOSITS, &[BOOKED, NOTED]),
        (BALANCE, &[FRESH, WITH_ITS_AGE]),
    ];
    for mode in Mode::ALL {
        let is_said = |(operation, words): &(&str, &[&str])| {
            matrix.does(mode, operation).is_some_and(|what| words.contains(&what))
        };
        case.part(&format!("what it does in mode {mode:?}"), 1.0, words.iter().all(is_said));
    }
    let target = [(WITHDRAWALS, GIVEN), (DEPOSITS, BOOKED), (BALANCE, FRESH)];
    let is_whole = target.iter().all(|(operation, what)| matrix.does(Mode::Target, operation) == Some(what));
    case.part("the target is the good day", 2.0, is_whole);
}

/// Every mode can be reached, and from each the target.
pub fn dead_ends(case: &mut Case) {
    let Some(matrix) = matrix(case) else { return };
    let reached = matrix.reachable(Mode::Target);
    let all = if reached.len() == Mode::ALL.len() { Ok(()) } else { Err(format!("only {reached:?}")) };
    case.part("every mode can be reached", 1.0, all);
    let dead = matrix.dead_ends(Mode::Target);
    let none = if dead.is_empty() { Ok(()) } else { Err(format!("from {dead:?} no way leads back")) };
    let is_alive = if reached.len() > 1 { none } else { Err("no mode is ever left".to_owned()) };
    case.part("no mode is a dead end", 2.0, is_alive);
}

/// One day, evidence by evidence.
pub fn day(case: &mut Case, day: &[&str]) {
    let Some(matrix) = matrix(case) else { return };
    let (mut mode, mut world, mut found) = (Mode::Target, AT_FIRST, vec![None; WRONG.len()]);
    for (place, evidence) in day.iter().enumerate() {
        let before = mode;
        mode = matrix.next(mode, evidence);
        world = world.after(evidence).expect("the day is possible");
        for number in wrong(&matrix, before, mode, world, evidence) {
            found[number].get_or_insert(format!("after {:?}, in mode {mode:?}", &day[..=place]));
        }
    }
    report(case, found);
}

/// Every day there can be: all that can come after each other, until nothing new comes about.
pub fn every_day(case: &mut Case) {
    let Some(matrix) = matrix(case) else { return };
    let mut found = vec![None; WRONG.len()];
    let mut seen = BTreeSet::from([(Mode::Target, AT_FIRST)]);
    let mut open = VecDeque::from([(Mode::Target, AT_FIRST)]);
    while let Some((before, world)) = open.pop_front() {
        for evidence in [BANK_SILENT, LIMIT_SPENT, BANK_ANSWERS, NOTES_CONFIRMED] {
            let Some(world) = world.after(evidence) else { continue };
            let mode = matrix.next(before, evidence);
            for number in wrong(&matrix, before, mode, world, evidence) {
                found[number].get_or_insert(format!("in mode {mode:?}, coming from {before:?}"));
            }
            if seen.insert((mode, world)) {
                open.push_back((mode, world));
            }
        }
    }
    // One hole is enough for a bad day to get through.
    let holes: Vec<String> = WRONG
        .iter()
        .zip(found)
        .filter_map(|((name, _), found)| Some(format!("\"{name}\" is not so: {}", found?)))
        .collect();
    let safe = if holes.is_empty() { Ok(()) } else { Err(holes.join("; ")) };
    case.part("every day that there can be goes well", 1.0, safe);
}

fn report(case: &mut Case, found: Vec<Option<String>>) {
    for ((name, weight), found) in WRONG.into_iter().zip(found) {
        case.part(name, weight, found.map_or(Ok(()), Err));
    }
}

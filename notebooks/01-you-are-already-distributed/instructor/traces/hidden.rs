//! What students are not shown of `traces`: eight more kinds of logs.

use netsplit::grade::{Case, Exercise};
use netsplit::model::Failures;

use super::exercise::{byzantine, crash, diagnose, omission, timing};
use super::given::*;

/// How many logs of each kind.
const EACH: u32 = 8;

/// The exercise with its hidden tests.
pub fn hidden(exercise: Exercise) -> Exercise {
    exercise
        .hidden("a server that comes back", EACH, |case| comes_back(case, Who::Server))
        .hidden("a client that stops", EACH, stops)
        .hidden("a client that comes back", EACH, |case| comes_back(case, Who::Client))
        .hidden("lost answers", EACH, lost_answers)
        .hidden("nothing arrives for a while", EACH, nothing_arrives)
        .hidden("a server that pauses", EACH, pauses)
        .hidden("an answer that nobody has asked for", EACH, unasked)
        .hidden("an answer that is wrong", EACH, wrong_answer)
}

/// Tells a story in which this is wrong, and asks about it.
fn ask(case: &mut Case, trouble: Trouble, right: super::given::Diagnosis) {
    let seed = case.random().next_u64();
    diagnose(case, &story(seed, &trouble), right);
}

fn second(case: &mut Case, least: i64, most: i64) -> i64 {
    least + case.random().below((most - least + 1) as u64) as i64
}

fn comes_back(case: &mut Case, who: Who) {
    let (from, long) = (second(case, 3, 12), second(case, 2, 5));
    ask(
        case,
        Trouble { down: Some((who, from, Some(from + long))), ..Trouble::default() },
        crash(Failures::CrashRecovery),
    );
}

fn stops(case: &mut Case) {
    let from = second(case, 3, 17);
    ask(
        case,
        Trouble { down: Some((Who::Client, from, None)), ..Trouble::default() },
        crash(Failures::CrashStop),
    );
}

fn lost_answers(case: &mut Case) {
    let first = second(case, 2, 16) as u32;
    ask(case, Trouble { lost_answers: vec![first, first + 1], ..Trouble::default() }, omission());
}

/// Every question of five seconds is lost: the server is silent, and alive.
fn nothing_arrives(case: &mut Case) {
    let first = second(case, 2, 13) as u32;
    ask(case, Trouble { lost_questions: (first..first + 5).collect(), ..Trouble::default() }, omission());
}

fn pauses(case: &mut Case) {
    let (from, long) = (second(case, 3, 12), second(case, 2, 4));
    ask(case, Trouble { pause: Some((from, from + long)), ..Trouble::default() }, timing());
}

fn unasked(case: &mut Case) {
    let when = second(case, 3, 17);
    ask(case, Trouble { unasked: Some(when), ..Trouble::default() }, byzantine());
}

fn wrong_answer(case: &mut Case) {
    let (number, by) = (second(case, 2, 17) as u32, 1 + case.random().below(1_000));
    ask(case, Trouble { wrong_answer: Some((number, by)), ..Trouble::default() }, byzantine());
}

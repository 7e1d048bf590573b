//! `evidence-card`: the card of the sign-up service and its mode matrix, as values; the matrix is tried on bad days.

use std::collections::BTreeSet;

use netsplit::EvidenceCard;
use netsplit::grade::{Case, Exercise, Rule};
use netsplit::model::{Failures, Idempotence, Links, Mode, ModeMatrix, Ordering, Recency, Silence, Timing};

use super::given::*;

/// The exercise, with the tests that everybody sees.
pub fn exercise() -> Exercise {
    Exercise::new("evidence-card", "The card of the sign-up service", 20.0, Rule::Diagnosis)
        .function("evidence_card", "", "::netsplit::EvidenceCard")
        .visible("what must not break, and in which model", 1, promises)
        .visible("what silence may mean", 2, silence)
        .visible("what counts as proof", 3, proof)
        .visible("what is guaranteed", 4, guarantee)
        .visible("the four modes", 5, modes)
        .visible("a night without e-mail", 6, |case| {
            walk(case, &[MAIL_SILENT, MAIL_SILENT, MAIL_ANSWERS, NOTHING_OWED]);
        })
        .visible("a day without a disk", 7, |case| {
            walk(case, &[DISK_FAILS, DISK_FAILS, DISK_WORKS, MAIL_SILENT, MAIL_ANSWERS, NOTHING_OWED]);
        })
}

fn card(case: &mut Case) -> Option<EvidenceCard> {
    case.evaluate::<(), EvidenceCard>("evidence_card", &())
}

/// Whether these words are exactly those.
fn are(said: &[String], right: &[&str]) -> Result<(), String> {
    let (said, right): (BTreeSet<&str>, BTreeSet<&str>) =
        (said.iter().map(String::as_str).collect(), right.iter().copied().collect());
    if said == right { Ok(()) } else { Err(format!("the card says {said:?}")) }
}

fn is<T: PartialEq + std::fmt::Debug>(said: T, right: T) -> Result<(), String> {
    if said == right { Ok(()) } else { Err(format!("the card says {said:?}")) }
}

pub fn promises(case: &mut Case) {
    let Some(card) = card(case) else { return };
    case.part("what must not break", 2.0, are(&card.invariants, &[NO_DOUBLE_EFFECT, EVERY_PROMISE_KEPT]));
    case.part("what is known of time", 1.0, is(card.assumes.timing, Timing::Asynchronous));
    case.part("what may become of machines", 1.0, is(card.assumes.failures, Failures::CrashRecovery));
    case.part("what may become of messages", 1.0, is(card.assumes.links, Links::FairLoss));
}

pub fn silence(case: &mut Case) {
    let Some(card) = card(case) else { return };
    let said: BTreeSet<Silence> = card.silence.iter().copied().collect();
    for story in Silence::ALL {
        case.part(&format!("{story:?}"), 1.0, said.contains(&story));
    }
}

pub fn proof(case: &mut Case) {
    let Some(card) = card(case) else { return };
    let evidence = &card.evidence;
    case.part("what it is", 1.0, is(evidence.what.as_str(), STORED_ANSWER));
    case.part("to what it is bound", 1.0, is(evidence.bound_to.as_str(), THE_KEY));
    case.part("what begins it", 1.0, is(evidence.begins.as_str(), ANSWER_IS_STORED));
    case.part("what ends it", 2.0, are(&evidence.ends, &[RETENTION_ENDS, MEMORY_IS_LOST]));
}

pub fn guarantee(case: &mut Case) {
    let Some(card) = card(case) else { return };
    let guarantee = &card.guarantee;
    case.part("what becomes of a repetition", 2.0, is(guarantee.idempotence, Idempotence::PerKey));
    case.part("in which order mails come", 1.0, is(guarantee.ordering, Ordering::None));
    case.part("how soon a mail comes", 1.0, is(guarantee.recency, Recency::Eventual));
}

pub fn modes(case: &mut Case) {
    let Some(card) = card(case) else { return };
    let modes = &card.modes;
    for (mode, sign_ups, mails) in [
        (Mode::Target, ACCEPTED, SENT_AT_ONCE),
        (Mode::Degraded, ACCEPTED, OWED),
        (Mode::Floor, REFUSED, NONE_PROMISED),
        (Mode::Recovery, ACCEPTED, CAUGHT_UP),
    ] {
        let does = (modes.does(mode, SIGN_UPS), modes.does(mode, MAILS));
        case.part(&format!("what it does in mode {mode:?}"), 1.0, is(does, (Some(sign_ups), Some(mails))));
    }
    let shortcut = modes.switches.iter().any(|it| it.from == Mode::Floor && it.to == Mode::Target);
    case.part("no way from the floor to the target leaves out recovery", 2.0, !shortcut);
    let dead = modes.dead_ends(Mode::Target);
    let all = modes.reachable(Mode::Target).len() == Mode::ALL.len();
    case.part(
        "every mode can be reached, and left again",
        2.0,
        if all { is(dead, vec![]) } else { Err("not all".into()) },
    );
}

/// Goes through a bad day: one piece of evidence after the other, from the target on.
pub fn walk(case: &mut Case, day: &[&str]) {
    let Some(card) = card(case) else { return };
    case.part("the matrix gets through the day", 1.0, survives(&card.modes, day));
}

/// What is wrong after some piece of evidence.
fn survives(matrix: &ModeMatrix, day: &[&str]) -> Result<(), String> {
    let mut mode = Mode::Target;
    let mut been = Vec::new();
    for (place, evidence) in day.iter().enumerate() {
        let before = mode;
        mode = matrix.next(mode, evidence);
        been.push(*evidence);
        let wrong = |what: &str| {
            Err(format!("{} times something, the last that {evidence}: {what}, in mode {mode:?}", place + 1))
        };
        if *evidence == DISK_FAILS && matrix.does(mode, SIGN_UPS) != Some(REFUSED) {
            return wrong("a sign-up that cannot be stored is not refused");
        }
        if *evidence == MAIL_SILENT && matrix.does(mode, MAILS) == Some(SENT_AT_ONCE) {
            return wrong("a mail is promised at once that nobody will send");
        }
        if before == Mode::Floor && mode == Mode::Target {
            return wrong("nobody has compared users with mails");
        }
        if mode == Mode::Target && before != Mode::Target && *evidence != NOTHING_OWED {
            return wrong("the target is reached without evidence that nothing is owed");
        }
        if before == Mode::Floor && *evidence != DISK_WORKS && mode != Mode::Floor {
            return wrong("the floor is left while nothing can be stored");
        }
    }
    if mode == Mode::Target {
        Ok(())
    } else {
        Err(format!("all is well again, and it is still in mode {mode:?}"))
    }
}

//! A judgement in words.

use super::judgement::{Finding, Judged, Judgement};
use super::subject::Subject;
use crate::verdict::Verdict;

/// Operations named in one sentence, beyond which they are counted.
const NAMED: usize = 4;

/// `verdict` with what was found: one sentence for every part that is not linearizable, or not decided.
pub(super) fn verdict(mut verdict: Verdict, subject: &dyn Subject, judgement: &Judgement) -> Verdict {
    if judgement.parts.len() > 1 {
        verdict = verdict.counting(judgement.parts.len(), "part");
    }
    for part in &judgement.parts {
        match &part.finding {
            Finding::Linearizable { .. } => {}
            Finding::Violated { operation, because, .. } => {
                verdict.violated(violation(subject, *operation, because));
            }
            Finding::Undecided { .. } => verdict.undecided(undecided(subject, part)),
        }
    }
    verdict
}

/// "bob's get of x read nothing, after ann's put x = 1 had ended".
fn violation(subject: &dyn Subject, operation: usize, because: &[usize]) -> String {
    let culprit = whose(subject, operation);
    if because.is_empty() {
        return format!("{culprit}, which nothing that was asked until then can explain");
    }
    let began = subject.facts(operation).invoked;
    let ended_before = |&other: &usize| subject.facts(other).returned.is_some_and(|end| end < began);
    if because.iter().all(ended_before) {
        let one_by_one = because.windows(2).all(|pair| {
            subject.facts(pair[0]).returned.is_some_and(|end| end < subject.facts(pair[1]).invoked)
        });
        let names = because.iter().map(|&other| whose(subject, other)).collect();
        return format!(
            "{culprit}, after {} had ended",
            enumerated(names, if one_by_one { ", then " } else { ", " })
        );
    }
    let names = because
        .iter()
        .map(|&other| format!("{} ({})", whose(subject, other), when(subject, other)))
        .collect();
    format!(
        "{culprit} ({}), which fits in no order with {}",
        when(subject, operation),
        enumerated(names, ", ")
    )
}

fn undecided(subject: &dyn Subject, part: &Judged) -> String {
    let Finding::Undecided { exhausted, operation, order } = &part.finding else { return String::new() };
    let of_what = part.key.as_ref().map_or(String::new(), |key| format!(" of part {key}"));
    format!(
        "the {exhausted} was used up; {} of {} operations{of_what} fit into an order, and the next to place is {} ({})",
        order.len(),
        part.operations,
        whose(subject, *operation),
        when(subject, *operation)
    )
}

/// "ann's put x = 1".
fn whose(subject: &dyn Subject, operation: usize) -> String {
    format!("{}'s {}", subject.facts(operation).caller_name, subject.words(operation))
}

/// "3ms to 9ms", or "from 3ms on".
fn when(subject: &dyn Subject, operation: usize) -> String {
    let facts = subject.facts(operation);
    match facts.returned {
        Some(end) if facts.ending == super::subject::Ending::Ok => format!("{} to {end}", facts.invoked),
        _ => format!("from {} on", facts.invoked),
    }
}

/// "a", "a and b", "a, b and c", "a, b, c, d and 3 more"; or "a, then b".
fn enumerated(mut names: Vec<String>, separator: &str) -> String {
    if names.len() > NAMED {
        let rest = names.len() - NAMED;
        names.truncate(NAMED);
        names.push(format!("{rest} more"));
    } else if separator != ", " {
        return names.join(separator);
    }
    let last = names.pop().unwrap_or_default();
    if names.is_empty() { last } else { format!("{} and {last}", names.join(separator)) }
}

//! A judgement for people: in words, with the operations that matter, and with a picture.

use super::judgement::{Finding, Judged, Judgement};
use super::parts::happened;
use super::subject::{Ending, Subject};
use crate::timeline::{Order, Timeline};
use crate::verdict::Verdict;
use netsplit_figure::markup::visible;

/// Operations named in one sentence, and listed below it, beyond which they are counted.
const NAMED: usize = 4;
const LISTED: usize = 8;
/// Pictures of violated parts; operations in one picture, of what is violated and of what holds: without scrolling, as a rule.
const PICTURES: usize = 3;
const DRAWN: usize = 14;
const DRAWN_IF_HOLDS: usize = 30;

/// `verdict` with what was found: one sentence for every part that is not linearizable, or not decided.
pub(super) fn verdict(
    mut verdict: Verdict,
    subject: &dyn Subject,
    count: usize,
    judgement: &Judgement,
) -> Verdict {
    if judgement.parts.len() > 1 {
        verdict = verdict.counting(judgement.parts.len(), "part");
    }
    let happened = happened(subject, count);
    let mut pictures = Vec::new();
    let is_divided = judgement.parts.len() > 1;
    for part in &judgement.parts {
        match &part.finding {
            Finding::Linearizable { .. } => {}
            Finding::Violated { operation, because, .. } => {
                verdict.violated_by(
                    violation(subject, *operation, because),
                    listed(subject, *operation, because),
                );
                if pictures.len() < PICTURES {
                    let (operations, left_out) = drawn(subject, &happened, part, *operation, because);
                    let of_what = part.key.as_ref().filter(|_| is_divided);
                    let of_what = of_what.map_or(String::new(), |key| format!(", in part {key}"));
                    let mut timeline = timeline(subject, &operations, &[part])
                        .title(format!("Linearizability is violated{of_what}"))
                        .accusing(*operation, because);
                    if left_out > 0 {
                        timeline = timeline.noting(format!("not drawn: {left_out} other operations"));
                    }
                    pictures.push(timeline);
                }
            }
            Finding::Undecided { .. } => verdict.undecided(undecided(subject, part)),
        }
    }
    if judgement.holds() && (1..=DRAWN_IF_HOLDS).contains(&happened.len()) {
        let parts: Vec<&Judged> = judgement.parts.iter().collect();
        pictures.push(timeline(subject, &happened, &parts).title("Linearizability holds"));
    }
    verdict.illustrated(pictures.iter().map(Timeline::figure).collect())
}

/// The picture of these operations, with an order for each part.
fn timeline(subject: &dyn Subject, operations: &[usize], parts: &[&Judged]) -> Timeline {
    let shown = operations.iter().map(|&operation| subject.shown(operation)).collect();
    let timeline = Timeline::new(shown, subject.disturbances().to_vec());
    parts.iter().fold(timeline, |timeline, part| {
        let key = part.key.as_ref().filter(|_| parts.len() > 1);
        timeline.ordered(Order {
            title: key.map_or(String::new(), |key| format!("the order of part {key}")),
            steps: subject.steps(order_of(part), operations),
            in_real_time: true,
        })
    })
}

fn order_of(part: &Judged) -> &[usize] {
    match &part.finding {
        Finding::Linearizable { order }
        | Finding::Violated { order, .. }
        | Finding::Undecided { order, .. } => order,
    }
}

/// What of a part is drawn, and how many operations are left out: all of it if it is short, else what matters and the last operations that
/// were called before.
fn drawn(
    subject: &dyn Subject,
    happened: &[usize],
    part: &Judged,
    accused: usize,
    because: &[usize],
) -> (Vec<usize>, usize) {
    let is_of_part = |&operation: &usize| part.key.is_none() || subject.partition(operation) == part.key;
    let all: Vec<usize> = happened.iter().copied().filter(is_of_part).collect();
    let count = all.len();
    if count <= DRAWN {
        return (all, 0);
    }
    let latest = &because[because.len().saturating_sub(DRAWN / 2)..];
    let matters = |operation: &usize| *operation == accused || latest.contains(operation);
    let (mut chosen, others): (Vec<usize>, Vec<usize>) = all.into_iter().partition(matters);
    let end = subject.facts(accused).returned;
    let before =
        others.into_iter().rev().filter(|&it| end.is_none_or(|end| subject.facts(it).invoked <= end));
    chosen.extend(before.take(DRAWN - chosen.len()));
    let left_out = count - chosen.len();
    (chosen, left_out)
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
    let names = because.iter().map(|&other| whose(subject, other)).collect();
    format!("{culprit}, which fits in no order with {}", enumerated(names, ", "))
}

/// The operations that matter, each with its times, the one that cannot be placed marked.
fn listed(subject: &dyn Subject, operation: usize, because: &[usize]) -> Vec<String> {
    let hidden = because.len().saturating_sub(LISTED);
    let mut rows: Vec<usize> = because[hidden..].iter().copied().chain([operation]).collect();
    rows.sort_by_key(|&row| (subject.facts(row).invoked, row));
    let rows = rows.into_iter().map(|row| {
        let mark = if row == operation { "✗" } else { " " };
        format!("{mark} {:<22} {}", when(subject, row), whose(subject, row))
    });
    (hidden > 0).then(|| format!("  {hidden} earlier ones")).into_iter().chain(rows).collect()
}

fn undecided(subject: &dyn Subject, part: &Judged) -> String {
    let Finding::Undecided { exhausted, operation, order } = &part.finding else { return String::new() };
    let of_what = part.key.as_ref().map_or(String::new(), |key| format!(" of part {}", visible(key)));
    let placed = order.len();
    let next = subject
        .facts(*operation)
        .returned
        .map_or(String::new(), |end| format!(", up to {end}, when {} ended", whose(subject, *operation)));
    format!(
        "the {exhausted} was used up; {placed} of {} operations{of_what} fit into an order{next}",
        part.operations
    )
}

/// "ann's put x = 1".
fn whose(subject: &dyn Subject, operation: usize) -> String {
    format!("{}'s {}", subject.facts(operation).caller_name, subject.words(operation))
}

/// "3ms to 9ms", or "from 3ms on".
fn when(subject: &dyn Subject, operation: usize) -> String {
    let facts = subject.facts(operation);
    match facts.returned.filter(|_| facts.ending == Ending::Ok) {
        Some(end) => format!("{} to {end}", facts.invoked),
        None => format!("from {} on", facts.invoked),
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

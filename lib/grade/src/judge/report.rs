//! What is said of an answer.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use netsplit_figure::Figure;
use netsplit_report::{Kind, Mode, Picture, Property, Report, Rule, Shown};

use super::exercise::{Exercise, Seeds};
use super::hosts::Death;
use super::rule;
use super::running::{Due, Ran, Runner, Trouble};

/// So many public seeds are tried to show what a hidden test has found.
const PUBLIC_SEEDS: u64 = 30;

/// The report on cases that were run.
pub fn report(exercise: &Exercise, mode: &Mode, ran: &[Ran]) -> Report {
    let data = &exercise.data;
    let (share, cap) = rule::share(&data.rule, ran);
    let mut remarks: Vec<String> = cap.map(|it| capitalised(it) + ".").into_iter().collect();
    if let Rule::Bars(bars) = &data.rule {
        remarks.extend(measured(bars, ran));
    }
    remarks.extend(troubles(ran));
    let is_visible = matches!(mode, Mode::Visible { .. });
    let shown = if is_visible { ran.iter().map(|case| shown(exercise, case)).collect() } else { Vec::new() };
    let pictured = ran.iter().find(|case| case.picture.is_some());
    let passed = ran.iter().filter(|case| case.has_passed()).count();
    Report {
        exercise: data.name.clone(),
        title: data.title.clone(),
        // Hundredths, never rounded up to points that were not earned.
        points: ((share * data.points * 100.0 + 1e-9).floor() / 100.0).clamp(0.0, data.points),
        out_of: data.points,
        passed: (passed as u32, ran.len() as u32),
        properties: properties(exercise, ran),
        shown,
        remarks,
        picture: pictured.and_then(|case| Some(picture(exercise, case, case.picture.as_ref()?))),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// Each property by its name, in the order in which the tests look at them.
fn properties(exercise: &Exercise, ran: &[Ran]) -> Vec<Property> {
    let mut properties: Vec<Property> = Vec::new();
    for case in ran {
        for finding in &case.findings {
            let known = properties.iter_mut().find(|it| it.name == finding.name && it.kind == finding.kind);
            let property = match known {
                Some(property) => property,
                None => {
                    let (name, kind) = (finding.name.clone(), finding.kind);
                    properties.push(Property {
                        name,
                        kind,
                        held: (0, 0),
                        failed_under: Vec::new(),
                        seen_with: None,
                    });
                    properties.last_mut().expect("one was just added")
                }
            };
            property.held.1 += 1;
            if finding.credit >= 1.0 {
                property.held.0 += 1;
            } else {
                let test = &exercise.tests[case.test].name;
                if !property.failed_under.contains(test) {
                    property.failed_under.push(test.clone());
                }
            }
        }
    }
    properties
}

/// How far below the highest bar an answer was, which no property tells. Where less is better, measures and bars are below zero.
fn measured(bars: &[(f64, f64)], ran: &[Ran]) -> Option<String> {
    let measures: Vec<f64> =
        ran.iter().filter(|case| case.has_passed()).filter_map(|case| case.measure).collect();
    let highest = bars.iter().map(|(bar, _)| *bar).fold(f64::NEG_INFINITY, f64::max);
    let reached = measures.iter().filter(|measure| **measure >= highest).count();
    if measures.is_empty() || reached == ran.len() {
        return None;
    }
    let least = measures.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = measures.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let is_less_better = bars.iter().all(|(bar, _)| *bar <= 0.0);
    let (bound, bar, worst, best) = match is_less_better {
        true => ("at most", -highest, -least, -greatest),
        false => ("at least", highest, least, greatest),
    };
    // Adding nothing makes a zero of the minus zero.
    let number = |value: f64| ((value * 100.0).round() / 100.0 + 0.0).to_string();
    Some(format!(
        "Full points are for a measure of {bound} {}: reached in {reached} of {} cases; the best was {}, the worst {}.",
        number(bar),
        ran.len(),
        number(best),
        number(worst)
    ))
}

/// What went wrong in cases besides what was found, with how often. What an answer says itself is no part of it: it may know what
/// is hidden, and would tell.
fn troubles(ran: &[Ran]) -> Vec<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for trouble in ran.iter().filter_map(|case| case.trouble.as_ref()) {
        let sentence = match trouble {
            Trouble::Panicked(_) => "a handler of the answer panicked".to_owned(),
            Trouble::Died(Death::NotStarted) => "a process for the answer could not be started".to_owned(),
            Trouble::Died(death) => format!("the answer's process {}", death.sentence()),
            Trouble::OverBudget => {
                "the world took more steps than it may: messages or timers without end, or what is waited for never comes"
                    .to_owned()
            }
            Trouble::TestFailed(_) => {
                "the test itself failed: please tell who has written the exercise".to_owned()
            }
            Trouble::GivenUp => "given up, since several cases before took too long".to_owned(),
        };
        *counts.entry(sentence).or_default() += 1;
    }
    counts
        .into_iter()
        .map(|(sentence, count)| format!("In {count} of {} cases: {sentence}.", ran.len()))
        .collect()
}

/// A case that everybody may see, with what was wrong in it.
fn shown(exercise: &Exercise, case: &Ran) -> Shown {
    let findings = case.findings.iter().filter(|it| it.credit < 1.0);
    let mut failures: Vec<(String, String)> =
        findings.map(|finding| (finding.name.clone(), finding.reason.clone())).collect();
    failures.extend(case.trouble.as_ref().map(|trouble| match trouble {
        Trouble::Panicked(text) => ("a handler panicked".to_owned(), text.clone()),
        Trouble::Died(death) => {
            ("a process ended".to_owned(), format!("the node's process {}", death.sentence()))
        }
        Trouble::OverBudget => (
            "too many steps".to_owned(),
            "messages or timers without end, or what the test waits for never comes".to_owned(),
        ),
        Trouble::TestFailed(text) => ("the test itself failed".to_owned(), text.clone()),
        Trouble::GivenUp => ("not run".to_owned(), "several cases before took too long".to_owned()),
    }));
    if case.findings.is_empty() && failures.is_empty() {
        failures.push(("nothing was looked at".to_owned(), "the test has found nothing to judge".to_owned()));
    }
    Shown { test: exercise.tests[case.test].name.clone(), seed: case.seed, failures }
}

fn picture(exercise: &Exercise, case: &Ran, figure: &Figure) -> Picture {
    let caption = format!("{}, seed {}", exercise.tests[case.test].name, case.seed);
    Picture { caption, html: figure.html(), svg: figure.svg.clone(), text: figure.text.clone() }
}

/// For what failed in a hidden case, looks for a visible test and a seed that break it too.
pub fn find_public_seeds(report: &mut Report, exercise: &Exercise, runner: &Runner<'_>) -> io::Result<()> {
    let failed =
        |property: &&mut Property| property.held.0 < property.held.1 && property.kind != Kind::Mutant;
    let mut sought: BTreeSet<String> =
        report.properties.iter_mut().filter(failed).map(|it| it.name.clone()).collect();
    let visible: Vec<(usize, u64)> = exercise
        .tests
        .iter()
        .enumerate()
        .filter_map(|(place, test)| match test.seeds {
            Seeds::Visible(seed) => Some((place, seed)),
            Seeds::Hidden(_) => None,
        })
        .collect();
    // The seeds that the tests have come first.
    for round in 0..=PUBLIC_SEEDS {
        if sought.is_empty() {
            break;
        }
        let due = visible.iter().map(|(test, own)| {
            let seed = if round == 0 { *own } else { round };
            Due { test: *test, seed, run: exercise.tests[*test].run.clone() }
        });
        for case in runner.run(&due.collect::<Vec<_>>())? {
            if matches!(case.trouble, Some(Trouble::GivenUp | Trouble::Died(Death::TooLong))) {
                return Ok(());
            }
            for finding in case.findings.iter().filter(|it| it.credit < 1.0) {
                if sought.remove(&finding.name)
                    && let Some(property) = report.properties.iter_mut().find(|it| it.name == finding.name)
                {
                    property.seen_with = Some((exercise.tests[case.test].name.clone(), case.seed));
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::case::Finding;

    fn case(measure: f64) -> Ran {
        let finding = Finding {
            name: "calm".to_owned(),
            kind: Kind::Expectation,
            credit: 1.0,
            weight: 1.0,
            reason: String::new(),
        };
        Ran {
            test: 0,
            seed: 0,
            findings: vec![finding],
            measure: Some(measure),
            trouble: None,
            picture: None,
        }
    }

    #[test]
    fn what_a_bar_measures_is_told() {
        // Where less is better too, and only to whom points are missing.
        let bars = [(-60.0, 0.5), (-40.0, 1.0)];
        let said = measured(&bars, &[case(-40.0), case(-52.255), case(-37.0)]).unwrap();
        assert_eq!(
            said,
            "Full points are for a measure of at most 40: reached in 2 of 3 cases; the best was 37, the worst 52.26."
        );
        assert_eq!(measured(&bars, &[case(-40.0), case(0.0)]), None);
        let said = measured(&[(0.5, 0.5), (0.9, 1.0)], &[case(0.95), case(0.5)]).unwrap();
        assert!(
            said.contains("at least 0.9: reached in 1 of 2 cases; the best was 0.95, the worst 0.5."),
            "{said}"
        );
        let said = measured(&[(-1.0, 0.5), (0.0, 1.0)], &[case(-1.0)]).unwrap();
        assert!(said.contains("of at most 0: "), "{said}");
    }
}

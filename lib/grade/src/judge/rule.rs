//! How cases become points.

use netsplit_report::{Kind, Rule};

use super::running::Ran;

/// What is left at most after a violation of safety.
const AFTER_VIOLATION: f64 = 0.4;
/// What is left at most after a right implementation was rejected.
const AFTER_REJECTION: f64 = 0.5;

/// The share of the points that these cases give, from 0 to 1, and why it is less than the cases alone would give.
pub fn share(rule: &Rule, cases: &[Ran]) -> (f64, Option<&'static str>) {
    let share = match rule {
        Rule::Proportional | Rule::SafetyGate => {
            share_of(cases, |case| f64::from(u8::from(case.has_passed())))
        }
        Rule::Mutants => mutants(cases),
        Rule::Numeric | Rule::Diagnosis => weighted(cases),
        Rule::Bars(bars) => share_of(cases, |case| reached(bars, case)),
    };
    let found = |kind: Kind| {
        cases.iter().flat_map(|case| &case.findings).any(|it| it.kind == kind && it.credit < 1.0)
    };
    let cap = match rule {
        Rule::SafetyGate | Rule::Bars(_) if found(Kind::Safety) => {
            Some((AFTER_VIOLATION, "safety was violated: at most 40 % of the points are left"))
        }
        Rule::Mutants if found(Kind::Reference) => Some((
            AFTER_REJECTION,
            "a right implementation was rejected: at most 50 % of the points are left",
        )),
        _ => None,
    };
    match cap {
        Some((most, why)) if share > most => (most, Some(why)),
        // What is no number is nothing.
        _ => (if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 }, None),
    }
}

fn share_of(cases: &[Ran], of: impl Fn(&Ran) -> f64) -> f64 {
    if cases.is_empty() { 0.0 } else { cases.iter().map(of).sum::<f64>() / cases.len() as f64 }
}

/// Of the wrong implementations, which of one name are one: it counts as rejected if it was in all its cases.
fn mutants(cases: &[Ran]) -> f64 {
    let mut credits: std::collections::BTreeMap<&str, f64> = std::collections::BTreeMap::new();
    for case in cases {
        let is_whole = case.trouble.is_none();
        for finding in case.findings.iter().filter(|it| it.kind == Kind::Mutant) {
            let credit = if is_whole { finding.credit } else { 0.0 };
            let least = credits.entry(&finding.name).or_insert(1.0);
            *least = least.min(credit);
        }
    }
    // Cases that came to nothing have told no mutant's name.
    let lost = cases.iter().filter(|case| case.findings.iter().all(|it| it.kind != Kind::Mutant)).count();
    let only_reference =
        |case: &&Ran| case.trouble.is_none() && case.findings.iter().all(|it| it.kind == Kind::Reference);
    let lost = lost - cases.iter().filter(|case| !case.findings.is_empty()).filter(only_reference).count();
    let all = credits.len() + lost;
    if all == 0 { 0.0 } else { credits.values().sum::<f64>() / all as f64 }
}

fn weighted(cases: &[Ran]) -> f64 {
    share_of(cases, |case| {
        let weight: f64 = case.findings.iter().map(|it| it.weight).sum();
        let credit: f64 = case.findings.iter().map(|it| it.weight * it.credit).sum();
        if case.trouble.is_some() || weight <= 0.0 { 0.0 } else { credit / weight }
    })
}

/// The share that goes with the highest bar that was reached.
fn reached(bars: &[(f64, f64)], case: &Ran) -> f64 {
    let Some(measure) = case.measure.filter(|_| case.has_passed()) else { return 0.0 };
    bars.iter().filter(|(bar, _)| measure >= *bar).map(|(_, share)| *share).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::case::Finding;
    use crate::judge::running::Trouble;

    fn finding(name: &str, kind: Kind, credit: f64) -> Finding {
        Finding { name: name.to_owned(), kind, credit, weight: 1.0, reason: String::new() }
    }

    fn ran(findings: Vec<Finding>) -> Ran {
        Ran { test: 0, seed: 0, findings, measure: None, trouble: None, picture: None }
    }

    fn safe(credit: f64) -> Ran {
        ran(vec![finding("safe", Kind::Safety, credit), finding("live", Kind::Liveness, 1.0)])
    }

    #[test]
    fn a_share_is_of_whole_cases() {
        // A case counts if everything in it holds; one that looked at nothing does not.
        assert_eq!(share(&Rule::Proportional, &[safe(1.0), safe(0.0), ran(Vec::new()), safe(1.0)]).0, 0.5);
        assert_eq!(share(&Rule::Proportional, &[]).0, 0.0);
    }

    #[test]
    fn trouble_costs_the_case() {
        // Whatever was found before: a handler that panics after the last check has not passed.
        let mut troubled = safe(1.0);
        troubled.trouble = Some(Trouble::Panicked("oh".to_owned()));
        assert_eq!(share(&Rule::Proportional, &[troubled, safe(1.0)]).0, 0.5);
    }

    #[test]
    fn one_violation_of_safety_closes_the_gate() {
        // Nine of ten cases are right, and 40 % are left; liveness closes nothing.
        let mut cases: Vec<Ran> = (0..9).map(|_| safe(1.0)).collect();
        cases.push(safe(0.0));
        let (share_left, why) = share(&Rule::SafetyGate, &cases);
        assert_eq!(share_left, 0.4);
        assert!(why.is_some_and(|it| it.contains("safety")));
        cases.pop();
        cases.push(ran(vec![finding("live", Kind::Liveness, 0.0)]));
        assert_eq!(share(&Rule::SafetyGate, &cases), (0.9, None));
    }

    #[test]
    fn a_mutant_is_rejected_in_all_its_cases_or_not() {
        // Two cases of one mutant, one of another: the first was missed once.
        let mutant = |name: &str, credit| ran(vec![finding(name, Kind::Mutant, credit)]);
        let cases = [mutant("a", 1.0), mutant("a", 0.0), mutant("b", 1.0)];
        assert_eq!(share(&Rule::Mutants, &cases).0, 0.5);
    }

    #[test]
    fn a_case_that_came_to_nothing_rejects_no_mutant() {
        // A check that dies is no rejection: neither where it has told the name before, nor where it has not.
        let mut dead = ran(vec![finding("a", Kind::Mutant, 1.0)]);
        dead.trouble = Some(Trouble::GivenUp);
        let mut nameless = ran(Vec::new());
        nameless.trouble = Some(Trouble::GivenUp);
        assert_eq!(
            share(&Rule::Mutants, &[dead, nameless, ran(vec![finding("b", Kind::Mutant, 1.0)])]).0,
            1.0 / 3.0
        );
    }

    #[test]
    fn rejecting_what_is_right_costs_half() {
        // "No" to everything is no check.
        let cases =
            [ran(vec![finding("a", Kind::Mutant, 1.0)]), ran(vec![finding("right", Kind::Reference, 0.0)])];
        assert_eq!(share(&Rule::Mutants, &cases).0, 0.5);
        let accepted =
            [ran(vec![finding("a", Kind::Mutant, 1.0)]), ran(vec![finding("right", Kind::Reference, 1.0)])];
        assert_eq!(share(&Rule::Mutants, &accepted), (1.0, None));
    }

    #[test]
    fn parts_have_weights() {
        // Three quarters of the weight is right.
        let mut heavy = finding("what", Kind::Expectation, 1.0);
        heavy.weight = 3.0;
        assert_eq!(
            share(&Rule::Diagnosis, &[ran(vec![heavy, finding("where", Kind::Expectation, 0.0)])]).0,
            0.75
        );
    }

    #[test]
    fn bars() {
        // The highest bar that was reached counts; what is no number reaches none, and safety stands before all.
        let rule = Rule::Bars(vec![(10.0, 0.5), (20.0, 0.8), (30.0, 1.0)]);
        let measured = |measure: f64| Ran { measure: Some(measure), ..safe(1.0) };
        assert_eq!(share(&rule, &[measured(25.0)]).0, 0.8);
        assert_eq!(share(&rule, &[measured(9.0)]).0, 0.0);
        assert_eq!(share(&rule, &[measured(f64::NAN)]).0, 0.0);
        assert_eq!(share(&rule, &[measured(f64::INFINITY)]).0, 1.0);
        assert_eq!(share(&rule, &[Ran { measure: Some(40.0), ..safe(0.0) }]).0, 0.0);
    }

    #[test]
    fn nothing_is_worth_more_than_everything() {
        // Credit or weight that is no number, or negative, gives nothing.
        let odd = |credit: f64, weight: f64| {
            let mut odd = finding("odd", Kind::Expectation, credit);
            odd.weight = weight;
            share(&Rule::Diagnosis, &[ran(vec![odd])]).0
        };
        assert_eq!(odd(f64::NAN, 1.0), 0.0);
        assert_eq!(odd(5.0, 1.0), 1.0);
        assert_eq!(odd(1.0, -1.0), 0.0);
        assert_eq!(odd(-3.0, 1.0), 0.0);
    }
}

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
        Rule::Proportional | Rule::SafetyGate => share_of(cases, |case| f64::from(u8::from(case.has_passed()))),
        Rule::Mutants => mutants(cases),
        Rule::Numeric | Rule::Diagnosis => weighted(cases),
        Rule::Bars(bars) => share_of(cases, |case| reached(bars, case)),
    };
    let found = |kind: Kind| cases.iter().flat_map(|case| &case.findings).any(|it| it.kind == kind && it.credit < 1.0);
    let cap = match rule {
        Rule::SafetyGate | Rule::Bars(_) if found(Kind::Safety) => {
            Some((AFTER_VIOLATION, "safety was violated: at most 40 % of the points are left"))
        }
        Rule::Mutants if found(Kind::Reference) => {
            Some((AFTER_REJECTION, "a right implementation was rejected: at most 50 % of the points are left"))
        }
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
    let only_reference = |case: &&Ran| case.trouble.is_none() && case.findings.iter().all(|it| it.kind == Kind::Reference);
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

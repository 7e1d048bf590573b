//! `adversary`: five servers that look right, and for each a plan of at most three faults by which it loses or doubles a charge.

use std::panic::{AssertUnwindSafe, catch_unwind};

use netsplit::grade::{Case, Exercise, Rule};
use netsplit::{Budget, Fault, FaultPlan, Lab};

use super::given::*;

/// The most faults that a plan may have.
const MOST: usize = 3;
/// What each server is called in the report.
const NAMES: [&str; 5] = [
    "server 1 is broken",
    "server 2 is broken",
    "server 3 is broken",
    "server 4 is broken",
    "server 5 is broken",
];

/// The exercise. All that hidden tests add is other seeds: messages take other times.
pub fn exercise() -> Exercise {
    let exercise = Exercise::new("adversary", "Break five servers", 20.0, Rule::Mutants);
    let exercise = exercise.function("adversary", "u8", "::netsplit::FaultPlan");
    (1..=5).fold(exercise, |exercise, number| {
        exercise.visible(&format!("server {number}"), number, move |case| attack(case, number as u8))
    })
}

/// Plays the plan for a server.
pub fn attack(case: &mut Case, number: u8) {
    let name = NAMES[usize::from(number) - 1];
    let Some(plan) = case.evaluate::<u8, FaultPlan>("adversary", &number) else {
        return case.mutant(name, Err("there is no plan".to_owned()));
    };
    if let Err(reason) = is_fair(&plan) {
        return case.mutant(name, Err(reason));
    }
    let flaw = SERVERS[usize::from(number) - 1];
    let played = catch_unwind(AssertUnwindSafe(|| damage(&night(case.lab(), flaw, plan.clone()))));
    match played {
        Ok(Some(_)) => case.mutant(name, true),
        Ok(None) => case.mutant(name, Err("the night does it no harm".to_owned())),
        Err(why) => {
            let why = why.downcast_ref::<String>().map_or("it names something that is not there", |it| it);
            return case.mutant(name, Err(format!("the plan cannot be played: {why}")));
        }
    }
    // What harms even a server without a flaw is no proof of one.
    let lab = Lab::new(case.seed());
    lab.set_budget(Budget::new().events(100_000));
    let harm = damage(&night(&lab, Flaw::None, plan));
    case.reference("a server without a flaw survives", harm.map_or(Ok(()), Err));
}

/// Few faults, and only such as networks and machines have that do not lie.
fn is_fair(plan: &FaultPlan) -> Result<(), String> {
    if plan.entries.len() > MOST {
        return Err(format!("expected at most {MOST} faults, got {}", plan.entries.len()));
    }
    for entry in &plan.entries {
        match &entry.fault {
            Fault::Crash { .. }
            | Fault::CrashAfterEffects { .. }
            | Fault::Restart { .. }
            | Fault::Pause { .. }
            | Fault::Slow { .. }
            | Fault::Partition { .. }
            | Fault::Isolate { .. }
            | Fault::OneWay { .. }
            | Fault::Loss { .. }
            | Fault::Duplicate { .. }
            | Fault::Delay { .. }
            | Fault::Reorder { .. } => {}
            other => {
                return Err(format!(
                    "expected crashes, pauses, slowness and faults of the network, got `{other}`"
                ));
            }
        }
        if entry.to_string().starts_with("every") {
            return Err(format!("expected faults that happen once, got `{entry}`"));
        }
    }
    Ok(())
}

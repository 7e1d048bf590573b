//! `twelve-rafts`: twelve Rafts of which one is right, and for each of the others a plan of faults by which its clients see it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use netsplit::grade::{Case, Exercise, Rule};
use netsplit::{Budget, Fault, FaultPlan, Lab};

use super::given::*;

/// The most faults that a plan may have.
const MOST: usize = 6;
/// What each Raft is called in the report.
const NAMES: [&str; 12] = [
    "Raft 1 is broken",
    "Raft 2 is broken",
    "Raft 3 is broken",
    "Raft 4 is broken",
    "Raft 5 is broken",
    "Raft 6 is broken",
    "Raft 7 is right",
    "Raft 8 is broken",
    "Raft 9 is broken",
    "Raft 10 is broken",
    "Raft 11 is broken",
    "Raft 12 is broken",
];

/// The exercise. All that hidden tests add is other seeds: messages take other times.
pub fn exercise() -> Exercise {
    let exercise = Exercise::new("twelve-rafts", "Twelve Rafts", 10.0, Rule::Mutants);
    let exercise = exercise.function("expose", "u8", "::netsplit::FaultPlan");
    (1..=12).filter(|number| *number != 7).fold(exercise, |exercise, number| {
        exercise.visible(&format!("Raft {number}"), number, move |case| attack(case, number as u8))
    })
}

/// Plays the plan for a Raft, and for the right one.
pub fn attack(case: &mut Case, number: u8) {
    let name = NAMES[usize::from(number) - 1];
    let Some(plan) = case.evaluate::<u8, FaultPlan>("expose", &number) else {
        return case.mutant(name, Err("there is no plan".to_owned()));
    };
    if let Err(reason) = is_fair(&plan) {
        return case.mutant(name, Err(reason));
    }
    let flaw = RAFTS[usize::from(number) - 1];
    let played = catch_unwind(AssertUnwindSafe(|| damage(&night(case.lab(), flaw, plan.clone()))));
    match played {
        Ok(Some(_)) => case.mutant(name, true),
        Ok(None) => case.mutant(name, Err("its clients see nothing that could not be".to_owned())),
        Err(why) => {
            let why = why.downcast_ref::<String>().map_or("it names something that is not there", |it| it);
            return case.mutant(name, Err(format!("the plan cannot be played: {why}")));
        }
    }
    // What breaks even the right one is no proof of a mistake.
    let lab = Lab::new(case.seed());
    lab.set_budget(Budget::new().events(200_000));
    let harm = damage(&night(&lab, Flaw::None, plan));
    case.reference("the right Raft survives", harm.map_or(Ok(()), Err));
}

/// Few faults, and only such as Raft is made for.
fn is_fair(plan: &FaultPlan) -> Result<(), String> {
    if plan.entries.len() > MOST {
        return Err(format!("expected at most {MOST} faults, got {}", plan.entries.len()));
    }
    for entry in &plan.entries {
        match &entry.fault {
            Fault::Crash { .. }
            | Fault::Restart { .. }
            | Fault::Pause { .. }
            | Fault::Partition { .. }
            | Fault::Isolate { .. }
            | Fault::OneWay { .. }
            | Fault::Loss { .. }
            | Fault::Delay { .. }
            | Fault::Reorder { .. } => {}
            other => {
                return Err(format!("expected crashes, pauses and faults of the network, got `{other}`"));
            }
        }
        if entry.to_string().starts_with("every") {
            return Err(format!("expected faults that happen once, got `{entry}`"));
        }
    }
    Ok(())
}

//! Simpler faults: of fewer nodes, for ever instead of for a while, with rounder times.

use std::rc::Rc;

use netsplit_node::Duration;

use super::search::Search;
use super::times::rounder_than;
use super::trial::{Entry, Run};
use crate::action::Action;
use crate::fault::{Fault, Word};
use crate::group::Group;
use crate::plan::{FaultPlan, When};

impl Search<'_> {
    /// Makes simpler what an action does wrong.
    pub(super) fn simpler_faults(&mut self, id: u32) {
        let count = match self.action_of(id) {
            Some(Action::Inject(_)) => 1,
            Some(Action::Play(plan)) => plan.entries.len(),
            _ => 0,
        };
        for number in 0..count {
            // Each step makes it less, and so there is an end.
            while self.first_that_fails(self.with_simpler(id, number)) {}
        }
    }

    fn action_of(&self, id: u32) -> Option<Action> {
        self.best.entries.iter().find(|entry| entry.id == id).map(|entry| entry.action.clone())
    }

    /// The best run with one fault of an action made simpler, in each way that there is.
    fn with_simpler(&self, id: u32, number: usize) -> Vec<Run> {
        let actions: Vec<Action> = match self.action_of(id) {
            Some(Action::Inject(fault)) => simpler(&fault).into_iter().map(Action::Inject).collect(),
            Some(Action::Play(plan)) => simpler_plans(&plan, number).into_iter().map(Action::Play).collect(),
            _ => Vec::new(),
        };
        let with = |action: Action| {
            let mut run = self.best.clone();
            for entry in run.entries.iter_mut().filter(|entry| entry.id == id) {
                *entry = Rc::new(Entry { action: action.clone(), ..(**entry).clone() });
            }
            run
        };
        actions.into_iter().map(with).collect()
    }
}

/// The plan with one entry made simpler.
fn simpler_plans(plan: &FaultPlan, number: usize) -> Vec<FaultPlan> {
    let Some(entry) = plan.entries.get(number) else { return Vec::new() };
    let mut entries = Vec::new();
    if let Some(lasts) = entry.lasts {
        entries.push(crate::plan::Entry { lasts: None, ..entry.clone() });
        let rounder = rounder_than(lasts).into_iter().filter(|time| *time > Duration::ZERO);
        entries.extend(rounder.map(|time| crate::plan::Entry { lasts: Some(time), ..entry.clone() }));
    }
    if let When::At(time) = entry.when {
        let rounder = rounder_than(time).into_iter();
        entries.extend(rounder.map(|time| crate::plan::Entry { when: When::At(time), ..entry.clone() }));
    }
    let faults = simpler(&entry.fault).into_iter();
    entries.extend(faults.map(|fault| crate::plan::Entry { fault, ..entry.clone() }));
    let with = |entry| {
        let mut plan = plan.clone();
        plan.entries[number] = entry;
        plan
    };
    entries.into_iter().map(with).collect()
}

/// The fault with one of its values made simpler: a group without a member, a rounder time.
fn simpler(fault: &Fault) -> Vec<Fault> {
    let fields = fault.fields();
    let mut simpler = Vec::new();
    for (place, (_, value)) in fields.values.iter().enumerate() {
        let mut with = |value: String| {
            let mut fields = fault.fields();
            fields.values[place].1 = value;
            // What can no longer be read is no fault.
            simpler.extend(Fault::from_fields(&fields));
        };
        if let Some(time) = Duration::read(value) {
            rounder_than(time).iter().map(Duration::write).for_each(&mut with);
        }
        if let Some(groups) = Vec::<Group>::read(value) {
            for (number, group) in groups.iter().enumerate() {
                for &out in group.ids().iter().filter(|_| group.ids().len() > 1) {
                    let mut groups = groups.clone();
                    groups[number] = Group::new(group.ids().iter().copied().filter(|id| *id != out));
                    with(groups.write());
                }
            }
        }
    }
    simpler
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_gets_simpler_in_one_value_at_a_time() {
        // Groups lose members but not their last, times lose digits, and what has nothing to lose stays.
        let texts = |text: &str| -> Vec<String> {
            simpler(&text.parse().unwrap()).iter().map(Fault::to_string).collect()
        };
        let pause = texts("pause nodes={n0,n1} time=1234us");
        assert!(pause.contains(&"pause nodes={n1} time=1234us".to_owned()), "{pause:?}");
        assert!(pause.contains(&"pause nodes={n0,n1} time=1ms".to_owned()), "{pause:?}");
        assert_eq!(texts("crash nodes={n1}"), Vec::<String>::new());
        assert_eq!(texts("partition groups={n0}|{n1,n2}").len(), 2);
        assert_eq!(texts("loss probability=0.5 from={n1,n2}").len(), 2);
    }
}

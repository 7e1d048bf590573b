//! Models that cannot be explored: what is wrong with them is told, with the field.

use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU32, Ordering};

use netsplit_sim::explore::{Model, explore};

/// Counts to 3; what else its state holds is up to `S`.
struct Counter<S>(fn(u32) -> S, fn(&S) -> u32);

impl<S> Model for Counter<S>
where
    S: Clone + std::fmt::Debug + Eq + Hash + Send + Sync + 'static,
{
    type State = S;
    type Action = ();
    fn initial(&self) -> Vec<S> {
        vec![self.0(0)]
    }
    fn actions(&self, state: &S, actions: &mut Vec<()>) {
        if self.1(state) < 3 {
            actions.push(());
        }
    }
    fn next(&self, state: &S, (): &()) -> Option<S> {
        Some(self.0(self.1(state) + 1))
    }
}

fn notes<S>(make: fn(u32) -> S, count: fn(&S) -> u32) -> String
where
    S: Clone + std::fmt::Debug + Eq + Hash + Send + Sync + 'static,
{
    explore(Counter(make, count)).on_threads(1).run().notes.join("\n")
}

#[test]
fn a_state_whose_hash_and_equality_disagree_is_told_by_its_field() {
    // A hash that leaves out what equality compares, and the other way round.
    #[derive(Clone, Debug, PartialEq, Eq)]
    struct Short {
        unhashed: u32,
    }
    impl Hash for Short {
        fn hash<H: Hasher>(&self, _: &mut H) {}
    }
    assert!(
        notes(|unhashed| Short { unhashed }, |it| it.unhashed)
            .contains("unequal and have one hash: it shows in unhashed")
    );
    #[allow(clippy::derived_hash_with_manual_eq, reason = "it is the mistake that is looked for")]
    #[derive(Clone, Debug, Hash)]
    struct Loose {
        uncompared: u32,
    }
    impl PartialEq for Loose {
        fn eq(&self, _: &Loose) -> bool {
            true
        }
    }
    impl Eq for Loose {}
    assert!(
        notes(|uncompared| Loose { uncompared }, |it| it.uncompared)
            .contains("equal and have two hashes: it shows in uncompared")
    );
}

#[test]
fn a_clone_that_is_another_and_a_step_that_differs_are_told_by_their_fields() {
    // What a clone forgets; what a step takes from elsewhere.
    #[derive(Debug, PartialEq, Eq, Hash)]
    struct Forgetful {
        count: u32,
        lost: bool,
    }
    impl Clone for Forgetful {
        fn clone(&self) -> Forgetful {
            Forgetful { lost: false, ..*self }
        }
    }
    let forgetful = notes(|count| Forgetful { count, lost: true }, |it| it.count);
    assert!(forgetful.contains("a clone of a state is not equal to it: it shows in lost"), "{forgetful}");
    static STEPS: AtomicU32 = AtomicU32::new(0);
    #[derive(Clone, Debug, PartialEq, Eq, Hash)]
    struct Leaky {
        count: u32,
        leaked: u32,
    }
    let leaky =
        notes(|count| Leaky { count, leaked: STEPS.fetch_add(1, Ordering::Relaxed) % 7 }, |it| it.count);
    assert!(
        leaky.contains("done twice in one state, did not come to the same: it shows in leaked"),
        "{leaky}"
    );
    assert_eq!(notes(|count| count, |it| *it), "");
}

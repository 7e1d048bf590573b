//! What of a way to a violation is needed: a random walk and a depth-first search come to one by detours.

use super::Explore;
use super::fingerprint::fingerprint;
use super::model::Model;
use super::property::Kind;
use super::report::{Exploration, Path, Standing};
use super::space::{Space, Typed};
use crate::shrink::{Tried, ddmin};

/// An action of a path: its fingerprint, and its place among those of this fingerprint in the state in which it happened.
type Named = (u64, usize);

impl<M: Model> Explore<M> {
    /// The way to the first violation of an `always` in what was found, without the actions that the same violation does not need: none of those that are
    /// left can go. Nothing if there is no such violation. A way that a breadth-first search has found is shortest already.
    ///
    /// ```
    /// use netsplit_sim::explore::{Model, explore};
    /// /// A number that goes up and down.
    /// struct Walk;
    /// impl Model for Walk {
    ///     type State = i32;
    ///     type Action = i32;
    ///     fn initial(&self) -> Vec<i32> { vec![0] }
    ///     fn actions(&self, _: &i32, actions: &mut Vec<i32>) { actions.extend([1, -1]) }
    ///     fn next(&self, state: &i32, by: &i32) -> Option<i32> { Some(state + by) }
    /// }
    /// let exploration = explore(Walk).always("below 5", |_, state| *state < 5).random(2, 10, 1_000);
    /// let found = exploration.run();
    /// assert!(found.counterexample().is_some_and(|path| path.steps.len() > 5));
    /// assert_eq!(exploration.shorter(&found).map(|path| path.steps.len()), Some(5));
    /// ```
    pub fn shorter(&self, found: &Exploration) -> Option<Path> {
        let (name, path) = first_violation(found)?;
        if !self.reduction.is_none() || !path.is_whole {
            return Some(path.clone());
        }
        let property = self.properties.iter().find(|property| property.name == name)?;
        let initial = self.model.initial().into_iter();
        let initial =
            path.chain.first().and_then(|&first| initial.clone().find(|it| fingerprint(it) == first))?;
        let violated = |state: &M::State| property.judge(&self.model, state).is_err();
        let mut best = path.chain.clone();
        ddmin(self.named(&initial, &path.chain)?, |kept| {
            match self.chain_of(initial.clone(), kept, &violated) {
                Some(chain) => {
                    best = chain;
                    Tried::Fails
                }
                None => Tried::Passes,
            }
        });
        let space = Typed { model: &self.model, properties: &self.properties, reduction: &self.reduction };
        Some(space.path(&best))
    }

    /// The actions of a path.
    fn named(&self, initial: &M::State, chain: &[u64]) -> Option<Vec<Named>> {
        let (mut named, mut state) = (Vec::new(), initial.clone());
        for &wanted in &chain[1..] {
            let mut actions = Vec::new();
            self.model.actions(&state, &mut actions);
            let leads =
                |action: &M::Action| self.model.next(&state, action).filter(|it| fingerprint(it) == wanted);
            let (at, after) =
                actions.iter().enumerate().find_map(|(at, action)| Some((at, leads(action)?)))?;
            let print = fingerprint(&actions[at]);
            named.push((print, actions[..at].iter().filter(|it| fingerprint(it) == print).count()));
            state = after;
        }
        Some(named)
    }

    /// The states on the way of these actions up to the violation; those that cannot happen are left out. Nothing if nothing is violated.
    fn chain_of(
        &self,
        initial: M::State,
        actions: &[Named],
        violated: &dyn Fn(&M::State) -> bool,
    ) -> Option<Vec<u64>> {
        let (mut chain, mut state) = (vec![fingerprint(&initial)], initial);
        for &(print, place) in actions {
            if violated(&state) {
                return Some(chain);
            }
            let mut possible = Vec::new();
            self.model.actions(&state, &mut possible);
            let mut same = possible.iter().filter(|action| fingerprint(action) == print);
            let Some(action) = same.clone().nth(place).or_else(|| same.next()) else { continue };
            let Some(after) = self.model.next(&state, action) else { continue };
            chain.push(fingerprint(&after));
            state = after;
        }
        violated(&state).then_some(chain)
    }
}

/// The first `always` that is violated, and the way to it.
pub(super) fn first_violation(found: &Exploration) -> Option<(&str, &Path)> {
    found.findings.iter().find_map(|finding| match &finding.standing {
        Standing::Violated { path: Some(path), .. } if finding.kind == Kind::Always => {
            Some((finding.name.as_str(), path))
        }
        _ => None,
    })
}

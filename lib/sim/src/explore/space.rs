//! A model as the search sees it: batches of states that it cannot look into, and fingerprints.
//!
//! The search itself is compiled once, optimised; what stands here is compiled again for every model in a notebook cell, and so is little more than
//! calls of the model.

use std::any::Any;

use super::checks;
use super::fingerprint::fingerprint;
use super::model::Model;
use super::property::{Kind, Property};
use super::reduction::Reduction;
use super::report::{Path, Step};
use super::seen::Entry;
use super::tally::Tally;
use netsplit_node::Random;

/// States to be expanded, of a type that only the space knows.
pub(crate) type Batch = Box<dyn Any + Send>;

/// So many states are handed to a thread at once.
const BATCH: usize = 256;

/// What the search asks of a model.
pub(crate) trait Space: Sync {
    /// The initial states.
    fn begin(&self, tally: &mut Tally<'_>) -> Vec<Batch>;
    /// Goes one action on from every state of the batch. What is new comes back; so do states of the batch that the table had no room for.
    fn expand(&self, batch: Batch, tally: &mut Tally<'_>) -> Expanded;
    /// The last state of a batch as a batch of its own, if it has more than one.
    fn split_last(&self, batch: &mut Batch) -> Option<Batch>;
    /// Goes on at random from a random initial state, up to so many actions.
    fn walk(&self, random: &mut Random, most: u32, tally: &mut Tally<'_>) -> Walked;
    /// The states with these fingerprints, one after the other, and the actions between them.
    fn path(&self, chain: &[u64]) -> Path;
}

/// What an expansion gave.
#[derive(Default)]
pub(crate) struct Expanded {
    pub(crate) new: Vec<Batch>,
    pub(crate) again: Option<Batch>,
    /// Bytes of the new states.
    pub(crate) weight: usize,
}

/// What a walk gave.
pub(crate) struct Walked {
    /// The fingerprints of its states.
    pub(crate) chain: Vec<u64>,
    /// The property that it violated in its last state, and how.
    pub(crate) violated: Option<(usize, String)>,
}

/// A model with its properties.
pub(crate) struct Typed<'a, M: Model> {
    pub(crate) model: &'a M,
    pub(crate) properties: &'a [Property<M>],
    pub(crate) reduction: &'a Reduction<M>,
}

type States<M> = Vec<(<M as Model>::State, u64)>;

impl<M: Model> Typed<'_, M> {
    /// Asks every property that is open about a state that is new.
    fn look(&self, state: &M::State, print: u64, tally: &mut Tally<'_>) {
        for (number, property) in self.properties.iter().enumerate() {
            if !tally.is_open(number) {
                continue;
            }
            match (property.kind, property.judge(self.model, state)) {
                (Kind::Always, Err(sentence)) => tally.decided(number, print, sentence),
                (Kind::Sometimes, Ok(())) => tally.decided(number, print, String::new()),
                _ => {}
            }
        }
    }

    /// Where the actions lead.
    fn successors(
        &self,
        state: &M::State,
        actions: &mut Vec<M::Action>,
        next: &mut States<M>,
        tally: &mut Tally<'_>,
    ) {
        actions.clear();
        next.clear();
        self.model.actions(state, actions);
        if !self.reduction.is_none() {
            return self.reduced(state, actions, next, tally);
        }
        for action in actions.iter() {
            if let Some(after) = self.model.next(state, action) {
                if tally.wants_check() {
                    tally.notes.extend(checks::of_step(self.model, state, action, &after));
                }
                let print = fingerprint(&after);
                next.push((after, print));
            }
        }
    }

    /// The same, with what the reductions leave of it.
    fn reduced(&self, state: &M::State, actions: &[M::Action], next: &mut States<M>, tally: &mut Tally<'_>) {
        let mut successors = Vec::new();
        for action in actions {
            let Some(after) = self.model.next(state, action) else { continue };
            let after = self.reduction.representative(self.model, self.properties, after, tally);
            let print = fingerprint(&after);
            successors.push((action.clone(), after, print));
        }
        if let Some(at) = self.reduction.alone(self.model, self.properties, state, &successors, tally) {
            successors = vec![successors.swap_remove(at)];
        }
        next.extend(successors.into_iter().map(|(_, after, print)| (after, print)));
    }

    /// The state that stands for this one, where nobody asks whether it may.
    fn canonical(&self, state: M::State) -> M::State {
        match &self.reduction.symmetry {
            Some(symmetry) => symmetry(&state),
            None => state,
        }
    }

    fn batches(new: States<M>) -> Vec<Batch> {
        let mut batches: Vec<Batch> = Vec::new();
        let mut new = new.into_iter();
        loop {
            let batch: States<M> = new.by_ref().take(BATCH).collect();
            if batch.is_empty() {
                return batches;
            }
            batches.push(Box::new(batch));
        }
    }

    fn states(batch: Batch) -> States<M> {
        *batch.downcast().expect("a batch comes back to the space that it is from")
    }
}

impl<M: Model> Space for Typed<'_, M> {
    fn begin(&self, tally: &mut Tally<'_>) -> Vec<Batch> {
        let mut new = Vec::new();
        for state in self.model.initial() {
            let state = self.reduction.representative(self.model, self.properties, state, tally);
            let print = fingerprint(&state);
            if tally.reached(print, 0) == Entry::New {
                self.look(&state, print, tally);
                new.push((state, print));
            }
        }
        Self::batches(new)
    }

    fn expand(&self, batch: Batch, tally: &mut Tally<'_>) -> Expanded {
        let (mut actions, mut next, mut new, mut again) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (mut prints, mut weight) = (Vec::new(), 0);
        for (state, print) in Self::states(batch) {
            if !again.is_empty() {
                again.push((state, print));
                continue;
            }
            self.successors(&state, &mut actions, &mut next, tally);
            prints.clear();
            prints.extend(next.iter().map(|(_, print)| *print));
            tally.warm(&prints);
            let moves = next.len();
            let mut is_full = false;
            for (after, after_print) in next.drain(..) {
                match tally.reached(after_print, print) {
                    Entry::New => {
                        self.look(&after, after_print, tally);
                        weight += self.model.weight(&after) + size_of::<u64>();
                        new.push((after, after_print));
                    }
                    Entry::Known => {}
                    Entry::Full => is_full = true,
                }
            }
            if is_full {
                again.push((state, print));
            } else {
                tally.expanded(moves);
            }
        }
        let again = (!again.is_empty()).then(|| Box::new(again) as Batch);
        Expanded { new: Self::batches(new), again, weight }
    }

    fn split_last(&self, batch: &mut Batch) -> Option<Batch> {
        let states: &mut States<M> =
            batch.downcast_mut().expect("a batch comes back to the space that it is from");
        if states.len() < 2 {
            return None;
        }
        let last = states.pop()?;
        let last: States<M> = vec![last];
        Some(Box::new(last))
    }

    fn walk(&self, random: &mut Random, most: u32, tally: &mut Tally<'_>) -> Walked {
        let mut chain: Vec<u64> = Vec::new();
        let initial = self.model.initial();
        let Some(mut state) = random.pick(&initial).cloned() else {
            return Walked { chain, violated: None };
        };
        let mut actions = Vec::new();
        loop {
            let print = fingerprint(&state);
            // The table only counts them. What is seen in a walk must not depend on what others have seen before it.
            tally.reached(print, chain.last().copied().unwrap_or(0));
            chain.push(print);
            for (number, property) in self.properties.iter().enumerate() {
                match (property.kind, property.judge(self.model, &state)) {
                    (Kind::Always, Err(sentence)) => {
                        return Walked { chain, violated: Some((number, sentence)) };
                    }
                    (Kind::Sometimes, Ok(())) => tally.shown(number, &chain),
                    _ => {}
                }
            }
            if chain.len() as u32 > most {
                return Walked { chain, violated: None };
            }
            actions.clear();
            self.model.actions(&state, &mut actions);
            let mut next = None;
            // Those that cannot happen after all are drawn, too, and put aside.
            while next.is_none() && !actions.is_empty() {
                let action = actions.swap_remove(random.below(actions.len() as u64) as usize);
                next = self.model.next(&state, &action);
            }
            let Some(next) = next else { return Walked { chain, violated: None } };
            tally.moved();
            state = next;
        }
    }

    fn path(&self, chain: &[u64]) -> Path {
        let mut path = Path { chain: chain.to_vec(), ..Path::default() };
        let begins = |state: &M::State| chain.first().is_some_and(|&first| fingerprint(state) == first);
        let mut initial = self.model.initial().into_iter().map(|state| self.canonical(state));
        let Some(mut state) = initial.find(begins) else { return path };
        path.begins = format!("{state:?}");
        for &wanted in &chain[1..] {
            let mut actions = Vec::new();
            self.model.actions(&state, &mut actions);
            let leads = |action: M::Action| {
                let after = self.canonical(self.model.next(&state, &action)?);
                (fingerprint(&after) == wanted).then(|| (self.model.words(&action), after))
            };
            // Where several actions lead there, always the same one is told.
            let Some((words, after)) = actions.into_iter().filter_map(leads).min_by(|a, b| a.0.cmp(&b.0))
            else {
                path.is_whole = false;
                return path;
            };
            path.steps.push(Step { action: words, changes: self.model.changes(&state, &after) });
            state = after;
        }
        path.is_whole = true;
        path.ends = format!("{state:?}");
        path
    }
}

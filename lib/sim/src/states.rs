//! What pictures will show of nodes while they ran: the state of each right after its steps.
//!
//! A picture explains a run better if it tells what each node thought at each moment. Running again to find out would run the nodes' code
//! again, with everything that it prints; so a little is kept while it runs. A few hundred steps after each thing that somebody does are
//! what pictures show. A run of millions of events pays for these alone.

use std::collections::VecDeque;
use std::sync::Arc;

use netsplit_node::trace::{EventId, StateAfter};
use netsplit_node::{Inspection, NodeId};

use crate::handler_panic;
use crate::world::World;

/// How many states are kept in all: those of the newest steps.
const KEPT: usize = 4096;

/// Keeps the states.
#[derive(Clone)]
pub(crate) struct States {
    /// How many more steps of this run are kept.
    pub(crate) left: u32,
    /// How many steps of each run are kept.
    each_run: u32,
    kept: VecDeque<Arc<StateAfter>>,
}

impl States {
    pub(crate) fn new(each_run: u32) -> States {
        States { left: each_run, each_run, kept: VecDeque::new() }
    }

    /// How many steps of each run to keep from now on.
    pub(crate) fn set_each_run(&mut self, each_run: u32) {
        (self.each_run, self.left) = (each_run, each_run);
    }

    /// Somebody did something, or lets time pass: what follows is kept.
    pub(crate) fn begin_run(&mut self) {
        self.left = self.each_run;
    }

    /// What was kept of the events from `first` on.
    pub(crate) fn since(&self, first: u64) -> Vec<StateAfter> {
        self.kept.iter().filter(|state| state.event.0 >= first).map(|state| (**state).clone()).collect()
    }
}

impl World {
    /// Keeps what a node is after the step that event `cause` made it take.
    #[cold]
    pub(crate) fn keep_state(&mut self, node: NodeId, cause: u64) {
        self.states.left -= 1;
        if !self.recorder.keeps() || !self.participants[node.0 as usize].up {
            return;
        }
        let mut state = Inspection::default();
        if handler_panic::catch(|| state = self.inspect(node).unwrap_or_default()).is_err() {
            state.text = Some("(its inspect() panicked)".to_owned());
        }
        if self.states.kept.len() == KEPT {
            self.states.kept.pop_front();
        }
        self.states.kept.push_back(Arc::new(StateAfter { event: EventId(cause), node, state }));
    }
}

//! When an entry is committed (sections 5.3 and 5.4.2), and applying what is.
//!
//! An entry of the leader's own term is committed when a majority has it. One of an earlier term is not: Figure 8 shows such an entry
//! on a majority that is overwritten all the same, since a server without it can still win with a later last term. It is committed
//! with the first entry of the leader's own term after it, by Log Matching.
//!
//! ```text
//!        1  2       3               In (c), server 1 leads term 4 and has sent entry 2 of term 2 to a majority. If it
//! s1     1  2       4 not sent yet  counted that as committed and crashed, server 5 (last term 3) could win with the votes of
//! s2     1  2                       2, 3 and 4, and overwrite it: (d). Once entry 3 of term 4 is on a majority too,
//! s3     1  2                       server 5 cannot win any more: (e).
//! s4     1
//! s5     1  3
//! ```

use netsplit_node::Context;

use super::log::{Index, Payload};
use super::membership::Configuration;
use super::state_machine::StateMachine;
use super::{Raft, Role, Timer};

impl<M: StateMachine> Raft<M> {
    /// "If there exists an N such that N > commitIndex, a majority of matchIndex[i] >= N, and log[N].term == currentTerm: set
    /// commitIndex = N" (Figure 2, Leaders).
    pub(super) fn advance_commit_index(&mut self, ctx: &mut Context<Self>) {
        let Role::Leader(leadership) = &self.role else { return };
        let (me, own) = (self.me, self.log.last_index());
        let match_index = |id| {
            if id == me {
                own
            } else {
                leadership.progress.get(&id).map_or(0, |progress| progress.match_index)
            }
        };
        let on_majority = self.configuration.1.reached_by_majority(match_index);
        if self.log.term_at(on_majority) == Some(self.current_term) {
            self.commit_up_to(on_majority, ctx);
        }
    }

    /// The log is committed up to `index`, and is applied in its order.
    pub(super) fn commit_up_to(&mut self, index: Index, ctx: &mut Context<Self>) {
        if index <= self.commit_index {
            return;
        }
        self.commit_index = index;
        while self.last_applied < self.commit_index {
            self.apply_next(ctx);
        }
        self.serve_reads(ctx);
        self.go_on_with_membership(ctx);
        self.compact_log(ctx);
    }

    /// Applies the entry after the last applied one, and tells who was promised to be told.
    fn apply_next(&mut self, ctx: &mut Context<Self>) {
        let index = self.last_applied + 1;
        let Some(entry) = self.log.entry(index) else {
            unreachable!("entry {index} is committed, so it is in the log or in the snapshot")
        };
        let response = match &entry.payload {
            Payload::Command(command) => Some(self.machine.apply(index, command)),
            Payload::NoOp => None,
            Payload::Configuration(configuration) => M::reconfigured(Ok(configuration)),
        };
        let is_half = matches!(&entry.payload, Payload::Configuration(Configuration::Joint { .. }));
        self.last_applied = index;
        if is_half {
            // Who asked for it is told when the second half is committed.
            return;
        }
        // Another term's entry stands where the promised one did: that one may still be anywhere, so nobody is told anything.
        let promise = self.promised.remove(&index).filter(|(term, _)| *term == entry.term);
        if let (Some((_, origin)), Some(response)) = (promise, response) {
            self.answer(origin, response, ctx);
        }
    }

    /// A server that is a majority by itself gets no reply that would tell it to count. It counts its own vote and its own log when
    /// they are on the disk: in a later step, since a step's writing ends after it.
    pub(super) fn await_own_writing(&self, ctx: &mut Context<Self>) {
        if self.configuration.1.is_majority(|id| id == self.me) {
            ctx.set_timer(netsplit_node::Duration::ZERO, Timer::Written);
        }
    }

    /// See [`await_own_writing`](Self::await_own_writing).
    pub(super) fn count_own_writing(&mut self, ctx: &mut Context<Self>) {
        self.count_votes(ctx);
        self.advance_commit_index(ctx);
    }
}

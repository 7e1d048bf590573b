//! Reads that do not go through the log (section 8; dissertation 6.4), and leases (6.4.1).
//!
//! A leader may not simply answer from its state machine: it may have been deposed without knowing it, and the new leader may have
//! committed more. Nor does it know, when its term begins, how much of its log is committed.
//!
//! ```text
//! client    get x ─┐  readIndex = 7                                     ┌─▶ 3
//! leader ──────────▼───┬────────────────────▲── a majority answered ────┴──────▶
//!                       ╲ round 12         ╱    this round, and 7 is applied
//! follower ──────────────▼────────────────╱────────────────────────────────────▶
//! ```

use netsplit_node::{Context, Duration};

use super::clients::Origin;
use super::log::Index;
use super::state_machine::StateMachine;
use super::{Raft, Reads, Role};

/// A read that a leader has not answered yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct PendingRead<C> {
    origin: Origin,
    read: C,
    /// What must be applied first. `readIndex`
    read_index: Index,
    /// The round of messages that a majority must answer, so that it is certain that this server still led when it was asked.
    round: u64,
}

impl<M: StateMachine> Raft<M> {
    /// Steps 1 to 3 of dissertation 6.4: notes what is committed, and asks the others whether this server still leads.
    pub(super) fn begin_read(&mut self, origin: Origin, read: M::Command, ctx: &mut Context<Self>) {
        let Role::Leader(leadership) = &self.role else { return };
        // Before its first entry is committed, a leader does not know what is: whatever it is, it lies before that entry.
        let read_index = self.commit_index.max(leadership.first_of_term);
        if self.has_lease(ctx) {
            self.reads.push(PendingRead { origin, read, read_index, round: 0 });
            return self.serve_reads(ctx);
        }
        let round = leadership.round + 1;
        self.reads.push(PendingRead { origin, read, read_index, round });
        self.broadcast_append_entries(ctx);
    }

    /// Whether no other server can have been elected yet (dissertation 6.4.1).
    fn has_lease(&self, ctx: &Context<Self>) -> bool {
        match (&self.role, self.config.reads) {
            (Role::Leader(leadership), Reads::Lease { .. }) => ctx.monotonic() < leadership.lease,
            _ => false,
        }
    }

    /// How long a majority's promise not to vote holds by this server's clock, from the sending of the messages to which it answered. The
    /// followers' clocks may run fast and this one slow.
    pub(super) fn lease_time(&self) -> Duration {
        let Reads::Lease { drift_ppm } = self.config.reads else { return Duration::ZERO };
        self.config.election_timeout.least * (1_000_000 - 2 * i64::from(drift_ppm)).max(0) / 1_000_000
    }

    /// Notes up to which round a majority has answered: this server led when it sent that round.
    pub(super) fn confirm_rounds(&mut self, ctx: &mut Context<Self>) {
        let (me, lease_time) = (self.me, self.lease_time());
        let Role::Leader(leadership) = &mut self.role else { return };
        let answered = |id| {
            if id == me {
                leadership.round
            } else {
                leadership.progress.get(&id).map_or(0, |progress| progress.answered_round)
            }
        };
        let confirmed = self.configuration.1.reached_by_majority(answered);
        if let Some(&sent) = leadership.sent.get(&confirmed) {
            leadership.lease = leadership.lease.max(sent + lease_time);
        }
        leadership.sent = leadership.sent.split_off(&(confirmed + 1));
        leadership.confirmed_round = leadership.confirmed_round.max(confirmed);
        self.serve_reads(ctx);
    }

    /// Steps 4 and 5 of dissertation 6.4: answers the reads whose round is confirmed and whose index is applied.
    pub(super) fn serve_reads(&mut self, ctx: &mut Context<Self>) {
        let Role::Leader(leadership) = &self.role else { return };
        let (confirmed, applied) = (leadership.confirmed_round, self.last_applied);
        let ready =
            |read: &mut PendingRead<M::Command>| read.round <= confirmed && read.read_index <= applied;
        let ready: Vec<_> = self.reads.extract_if(.., ready).collect();
        for PendingRead { origin, read, .. } in ready {
            self.answer(origin, self.machine.query(&read), ctx);
        }
    }
}

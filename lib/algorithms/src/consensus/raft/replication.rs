//! Log replication (section 5.3): the leader sends its entries, and makes followers' logs equal to its own.
//!
//! The Log Matching Property does the work: an entry is appended only after the one that precedes it at the leader, so two logs that have
//! one entry in common have everything before it in common too.

use std::collections::BTreeMap;

use netsplit_node::{Context, NodeId, Time};

use super::log::{Entry, Index, Payload};
use super::membership::CatchUp;
use super::message::{AppendEntries, AppendEntriesReply, Appended, Message};
use super::state_machine::StateMachine;
use super::{Raft, Role, Timer};

/// Volatile state on leaders, begun anew with each election (Figure 2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Leadership {
    /// What the leader knows of each other server.
    pub(super) progress: BTreeMap<NodeId, Progress>,
    /// The first entry of its term, the no-op.
    pub(super) first_of_term: Index,
    /// Counts its rounds of messages to all servers.
    pub(super) round: u64,
    /// When it sent the rounds that no majority has answered yet and that may still extend the lease, by its oscillator.
    pub(super) sent: BTreeMap<u64, Time>,
    /// The newest round that a majority has answered.
    pub(super) confirmed_round: u64,
    /// Until when no other server can be elected, by its oscillator (dissertation 6.4.1).
    pub(super) lease: Time,
    /// New servers that are to become members.
    pub(super) catch_up: Option<CatchUp>,
}

/// What a leader knows of another server.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Progress {
    /// The next entry to send. `nextIndex[]`
    pub next_index: Index,
    /// The highest entry known to be there. `matchIndex[]`
    /// Invariant: less than `next_index`.
    pub match_index: Index,
    /// The newest round that it has answered.
    pub answered_round: u64,
    /// When it answered last, by the leader's oscillator; when the leader began, if never.
    pub heard: Time,
    /// How many bytes it has of which snapshot (by its last index), while it gets one.
    pub snapshot: Option<(Index, usize)>,
}

impl Leadership {
    pub(super) fn new(first_of_term: Index) -> Leadership {
        Leadership {
            progress: BTreeMap::new(),
            first_of_term,
            round: 0,
            sent: BTreeMap::new(),
            confirmed_round: 0,
            lease: Time::ZERO,
            catch_up: None,
        }
    }

    /// What it knows of each other server.
    pub fn progress(&self) -> &BTreeMap<NodeId, Progress> {
        &self.progress
    }

    /// When this server was last heard of.
    pub(super) fn heard_from(&self, id: NodeId) -> Option<Time> {
        self.progress.get(&id).map(|progress| progress.heard)
    }
}

impl<M: StateMachine> Raft<M> {
    /// A new leader's first entry. It commits nothing by itself, and with it everything before (5.4.2, 8).
    pub(super) fn append_no_op(&mut self, ctx: &mut Context<Self>) {
        self.append_to_log(Payload::NoOp, ctx);
    }

    /// Appends an entry of this leader's term to its own log and sends it on. Returns its index.
    pub(super) fn append_to_log(&mut self, payload: Payload<M::Command>, ctx: &mut Context<Self>) -> Index {
        let is_configuration = matches!(payload, Payload::Configuration(_));
        let index = self.log.append(Entry { term: self.current_term, payload });
        if is_configuration {
            self.adopt_configuration(ctx);
        }
        self.persist(ctx);
        self.broadcast_append_entries(ctx);
        self.await_own_writing(ctx);
        index
    }

    /// A heartbeat: AppendEntries to all, with whatever they lack. Lost ones are so repeated for ever (5.3).
    pub(super) fn send_heartbeats(&mut self, ctx: &mut Context<Self>) {
        if !self.is_leader() {
            return;
        }
        self.broadcast_append_entries(ctx);
        self.give_up_slow_newcomers(ctx);
        ctx.set_timer(self.config.heartbeat_interval, Timer::Heartbeat);
    }

    /// One more round of AppendEntries to all other servers.
    pub(super) fn broadcast_append_entries(&mut self, ctx: &mut Context<Self>) {
        let (now, lease_time) = (ctx.monotonic(), self.lease_time());
        let Role::Leader(leadership) = &mut self.role else { return };
        leadership.round += 1;
        // What was sent longer ago than a lease lasts can no longer extend one.
        leadership.sent.retain(|_, sent| now - *sent < lease_time);
        leadership.sent.insert(leadership.round, now);
        let servers: Vec<NodeId> = leadership.progress.keys().copied().collect();
        for server in servers {
            self.send_append_entries(server, ctx);
        }
        self.confirm_rounds(ctx);
    }

    /// Sends `server` the entries from its `nextIndex` on, and goes on after them without waiting for the reply. If they are lost, what
    /// is sent next does not fit, and the reply says so.
    pub(super) fn send_append_entries(&mut self, server: NodeId, ctx: &mut Context<Self>) {
        let Role::Leader(leadership) = &mut self.role else { return };
        let Some(progress) = leadership.progress.get_mut(&server) else { return };
        let prev_log_index = progress.next_index - 1;
        let Some(prev_log_term) = self.log.term_at(prev_log_index) else {
            return self.send_snapshot_part(server, ctx);
        };
        let entries = self.log.entries_from(progress.next_index, self.config.entries_per_message);
        progress.next_index += entries.len() as u64;
        let request = AppendEntries {
            term: self.current_term,
            prev_log_index,
            prev_log_term,
            entries,
            leader_commit: self.commit_index,
            round: leadership.round,
        };
        ctx.send(server, Message::AppendEntries(request));
    }

    /// Figure 2, AppendEntries RPC, receiver. The entries are on the disk before the leader may count them.
    pub(super) fn handle_append_entries(
        &mut self,
        leader: NodeId,
        request: AppendEntries<M::Command>,
        ctx: &mut Context<Self>,
    ) {
        let round = request.round;
        let result = if request.term < self.current_term {
            Appended::Conflict { first_index: self.log.last_index() + 1, term: None }
        } else {
            self.follow(leader, ctx);
            self.append_entries(request, ctx)
        };
        self.persist(ctx);
        let reply = AppendEntriesReply { term: self.current_term, round, result };
        ctx.send(leader, Message::AppendEntriesReply(reply));
    }

    /// A leader of this term spoke: candidates of the term have lost (5.2).
    pub(super) fn follow(&mut self, leader: NodeId, ctx: &mut Context<Self>) {
        self.become_follower(self.current_term, ctx);
        self.leader = Some(leader);
        self.heard_from_leader = ctx.monotonic();
        self.reset_election_timer(ctx);
        self.forward_waiting_clients(ctx);
    }

    /// The consistency check of section 5.3, then steps 3 to 5 of the receiver in Figure 2.
    fn append_entries(&mut self, request: AppendEntries<M::Command>, ctx: &mut Context<Self>) -> Appended {
        let AppendEntries { prev_log_index, prev_log_term, entries, leader_commit, .. } = request;
        // What a snapshot stands for is committed, so it is the leader's too.
        let in_snapshot = prev_log_index < self.log.snapshot().last_included_index;
        if !in_snapshot && self.log.term_at(prev_log_index) != Some(prev_log_term) {
            return self.conflict_at(prev_log_index);
        }
        let last_new = prev_log_index + entries.len() as u64;
        let mut is_configured_anew = false;
        for (index, entry) in (prev_log_index + 1..).zip(entries) {
            if index <= self.log.snapshot().last_included_index || self.log.term_at(index) == Some(entry.term)
            {
                // Has it already. Nothing that follows is deleted: this may be an old message, and the rest may be committed.
                continue;
            }
            is_configured_anew |=
                index <= self.configuration.0 || matches!(entry.payload, Payload::Configuration(_));
            self.log.truncate_from(index);
            self.log.append(entry);
        }
        if is_configured_anew {
            self.adopt_configuration(ctx);
        }
        // Up to the last *new* entry: what follows it here was never compared with the leader's log.
        self.commit_up_to(leader_commit.min(last_new), ctx);
        Appended::UpTo(last_new)
    }

    /// "The follower can include the term of the conflicting entry and the first index it stores for that term" (end of 5.3).
    fn conflict_at(&self, index: Index) -> Appended {
        let Some(term) = self.log.term_at(index) else {
            return Appended::Conflict { first_index: self.log.last_index() + 1, term: None };
        };
        let of_term = self.log.entries().rev().skip_while(|(at, _)| *at > index);
        let first_index =
            of_term.take_while(|(_, entry)| entry.term == term).last().map_or(index, |(at, _)| at);
        Appended::Conflict { first_index, term: Some(term) }
    }

    pub(super) fn handle_append_entries_reply(
        &mut self,
        follower: NodeId,
        reply: AppendEntriesReply,
        ctx: &mut Context<Self>,
    ) {
        // A reply of an earlier term answers what this leader never sent.
        if reply.term != self.current_term || !self.hear_from(follower, reply.round, ctx) {
            return;
        }
        let Role::Leader(leadership) = &mut self.role else { return };
        let Some(progress) = leadership.progress.get_mut(&follower) else { return };
        let known = (progress.next_index, progress.match_index);
        match reply.result {
            Appended::UpTo(index) => {
                progress.match_index = progress.match_index.max(index);
                progress.next_index = progress.next_index.max(progress.match_index + 1);
                self.advance_commit_index(ctx);
                self.catch_up_newcomers(ctx);
            }
            Appended::Conflict { first_index, term } => {
                let next_index = self.after_conflict(first_index, term);
                let Role::Leader(leadership) = &mut self.role else { return };
                let Some(progress) = leadership.progress.get_mut(&follower) else { return };
                // An old reply does not undo what a newer one has shown.
                if next_index > progress.match_index {
                    progress.next_index = progress.next_index.min(next_index);
                }
            }
        }
        self.send_what_is_missing(follower, known, ctx);
    }

    /// Where the leader tries next: after its own last entry of the conflicting term if it has one, and otherwise where the follower's
    /// entries of that term begin. One message for each conflicting term, instead of one for each entry.
    fn after_conflict(&self, first_index: Index, term: Option<u64>) -> Index {
        let own_last = term.and_then(|term| self.log.entries().rev().find(|(_, entry)| entry.term == term));
        own_last.map_or(first_index, |(index, _)| index + 1).clamp(1, self.log.last_index() + 1)
    }

    /// A reply that says something new is followed by the entries that are still missing. One that does not is a copy of another: to send
    /// for it too would double the messages with every doubled message.
    fn send_what_is_missing(&mut self, follower: NodeId, known: (Index, Index), ctx: &mut Context<Self>) {
        let Role::Leader(leadership) = &self.role else { return };
        let Some(progress) = leadership.progress.get(&follower) else { return };
        let is_news = (progress.next_index, progress.match_index) != known;
        if is_news && progress.next_index <= self.log.last_index() {
            self.send_append_entries(follower, ctx);
        }
    }

    /// A server answered this leader in a round. Returns whether it is one that is tracked.
    pub(super) fn hear_from(&mut self, server: NodeId, round: u64, ctx: &mut Context<Self>) -> bool {
        let Role::Leader(leadership) = &mut self.role else { return false };
        let Some(progress) = leadership.progress.get_mut(&server) else { return false };
        progress.heard = ctx.monotonic();
        progress.answered_round = progress.answered_round.max(round);
        self.confirm_rounds(ctx);
        true
    }
}

//! Leader election (section 5.2), who may be elected (5.4.1), asking before (dissertation 9.6), and leaders that notice that they are
//! alone (dissertation 6.2).
//!
//! ```text
//!            election timeout               votes of a majority
//! follower ───────────────────▶ candidate ──────────────────────▶ leader
//!     ▲                          │  │  ▲                            │
//!     │  a leader of this term,  │  └──┘ election timeout:          │ a higher term,
//!     └──── or a higher term ────┘       a new election             │ or no majority answers
//!     └─────────────────────────────────────────────────────────────┘
//! ```

use std::collections::BTreeSet;

use netsplit_node::{Context, NodeId};

use super::log::{Index, Term};
use super::message::{Ballot, Message, RequestVote, RequestVoteReply};
use super::replication::Leadership;
use super::state_machine::StateMachine;
use super::{CheckQuorum, PreVote, Raft, Role, Timer};

impl<M: StateMachine> Raft<M> {
    /// "If a follower receives no communication over a period of time called the election timeout, then it assumes there is no viable
    /// leader and begins an election" (5.2). A candidate begins anew. Who is no member of its own configuration does not stand.
    pub(super) fn election_timeout_elapses(&mut self, ctx: &mut Context<Self>) {
        self.reset_election_timer(ctx);
        if self.is_leader() || !self.configuration.1.contains(self.me) {
            return;
        }
        self.leader = None;
        match self.config.pre_vote {
            PreVote::Off => self.become_candidate(ctx),
            PreVote::On => self.become_pre_candidate(ctx),
        }
    }

    /// Asks who would vote for it in the next term (dissertation 9.6). Nothing to be remembered changes, here or there.
    fn become_pre_candidate(&mut self, ctx: &mut Context<Self>) {
        self.role = Role::PreCandidate { votes: BTreeSet::from([self.me]) };
        self.request_votes(Ballot::PreVote, self.current_term + 1, ctx);
        self.count_votes(ctx);
    }

    /// "To begin an election, a follower increments its current term and transitions to candidate state. It then votes for itself and
    /// issues RequestVote RPCs in parallel to each of the other servers" (5.2).
    fn become_candidate(&mut self, ctx: &mut Context<Self>) {
        self.current_term += 1;
        self.voted_for = Some(self.me);
        self.role = Role::Candidate { votes: BTreeSet::from([self.me]) };
        self.persist(ctx);
        self.request_votes(Ballot::Vote, self.current_term, ctx);
        self.await_own_writing(ctx);
    }

    fn request_votes(&self, ballot: Ballot, term: Term, ctx: &mut Context<Self>) {
        let (last_log_index, last_log_term) = (self.log.last_index(), self.log.last_term());
        let request = RequestVote { ballot, term, last_log_index, last_log_term };
        for server in self.configuration.1.others(self.me) {
            ctx.send(server, Message::RequestVote(request.clone()));
        }
    }

    /// Figure 2, RequestVote RPC, receiver. The vote is on the disk before it is given: forgotten, it could be given twice.
    pub(super) fn handle_request_vote(
        &mut self,
        candidate: NodeId,
        request: RequestVote,
        ctx: &mut Context<Self>,
    ) {
        let up_to_date = self.is_up_to_date(request.last_log_term, request.last_log_index);
        let vote_granted = match request.ballot {
            Ballot::PreVote => request.term > self.current_term && up_to_date,
            Ballot::Vote => {
                let free = self.voted_for.is_none_or(|id| id == candidate);
                request.term == self.current_term && free && up_to_date
            }
        };
        if vote_granted && request.ballot == Ballot::Vote {
            self.voted_for = Some(candidate);
            self.reset_election_timer(ctx);
        }
        self.persist(ctx);
        let reply = RequestVoteReply { ballot: request.ballot, term: self.current_term, vote_granted };
        ctx.send(candidate, Message::RequestVoteReply(reply));
    }

    /// "If the logs have last entries with different terms, then the log with the later term is more up-to-date. If the logs end with the
    /// same term, then whichever log is longer is more up-to-date" (5.4.1). Length alone will not do: a server that was cut off as
    /// a leader may have the longer log, and nothing in it that is committed.
    fn is_up_to_date(&self, last_term: Term, last_index: Index) -> bool {
        (last_term, last_index) >= (self.log.last_term(), self.log.last_index())
    }

    pub(super) fn handle_request_vote_reply(
        &mut self,
        voter: NodeId,
        reply: RequestVoteReply,
        ctx: &mut Context<Self>,
    ) {
        match (&mut self.role, reply.ballot) {
            (Role::Candidate { votes }, Ballot::Vote)
                if reply.vote_granted && reply.term == self.current_term =>
            {
                votes.insert(voter);
            }
            // A voter that would follow is in an earlier term, or in the same.
            (Role::PreCandidate { votes }, Ballot::PreVote) if reply.vote_granted => {
                votes.insert(voter);
            }
            _ => return,
        }
        self.count_votes(ctx);
    }

    /// "A candidate wins an election if it receives votes from a majority of the servers in the full cluster for the same term" (5.2).
    pub(super) fn count_votes(&mut self, ctx: &mut Context<Self>) {
        let configuration = &self.configuration.1;
        match &self.role {
            Role::PreCandidate { votes } if configuration.is_majority(|id| votes.contains(&id)) => {
                self.become_candidate(ctx);
            }
            Role::Candidate { votes } if configuration.is_majority(|id| votes.contains(&id)) => {
                self.become_leader(ctx);
            }
            _ => {}
        }
    }

    /// Once elected, a leader lets hear from itself at once "to establish its authority and prevent new elections" (5.2), with an entry
    /// of its own term that tells it what is committed (8).
    fn become_leader(&mut self, ctx: &mut Context<Self>) {
        ctx.note(format!("leader of term {}", self.current_term));
        self.leader = Some(self.me);
        let first_of_term = self.log.last_index() + 1;
        self.role = Role::Leader(Leadership::new(first_of_term));
        self.track_members(ctx);
        ctx.cancel_timer(&Timer::Election);
        ctx.set_timer(self.config.heartbeat_interval, Timer::Heartbeat);
        if self.config.check_quorum == CheckQuorum::On {
            ctx.set_timer(self.config.election_timeout.most, Timer::CheckQuorum);
        }
        self.append_no_op(ctx);
        self.serve_waiting_clients(ctx);
    }

    /// Follows in `term`: "if a candidate or leader discovers that its term is out of date, it immediately reverts to follower state"
    /// (5.1).
    pub(super) fn become_follower(&mut self, term: Term, ctx: &mut Context<Self>) {
        if term > self.current_term {
            self.current_term = term;
            self.voted_for = None;
            self.leader = None;
        }
        if self.is_leader() {
            ctx.note("steps down");
            self.leader = None;
            self.reads.clear();
            ctx.cancel_timer(&Timer::Heartbeat);
            ctx.cancel_timer(&Timer::CheckQuorum);
            self.reset_election_timer(ctx);
        }
        self.role = Role::Follower;
    }

    /// "Each candidate restarts its randomized election timeout at the start of an election" (5.2), and each follower when it hears from
    /// its leader or votes. Drawn anew each time: equal ones would split the vote again and again.
    pub(super) fn reset_election_timer(&mut self, ctx: &mut Context<Self>) {
        let timeout =
            ctx.random().between(self.config.election_timeout.least, self.config.election_timeout.most);
        ctx.set_timer(timeout, Timer::Election);
    }

    /// Whether a candidate's request is to be ignored: "if a server receives a RequestVote RPC within the minimum election timeout of
    /// hearing from a current leader, it does not update its term or grant its vote" (6). Not only courtesy: leases rest on it, and so
    /// does it that a server which has just restarted, and may have promised this, waits as well.
    pub(super) fn is_disruptive(&self, message: &Message<M>, ctx: &Context<Self>) -> bool {
        let Message::RequestVote(request) = message else { return false };
        let heard = ctx.monotonic() - self.heard_from_leader < self.config.election_timeout.least;
        let watches = self.config.check_quorum == CheckQuorum::On || request.ballot == Ballot::PreVote;
        watches && (heard || self.is_leader())
    }

    /// "A leader in Raft steps down if an election timeout elapses without a successful round of heartbeats to a majority of its cluster"
    /// (dissertation 6.2), so that its clients find the new one.
    pub(super) fn check_quorum(&mut self, ctx: &mut Context<Self>) {
        let Role::Leader(leadership) = &self.role else { return };
        let since = ctx.monotonic() - self.config.election_timeout.most;
        let me = self.me;
        let answers = |id| id == me || leadership.heard_from(id).is_some_and(|heard| heard > since);
        if self.configuration.1.is_majority(answers) {
            ctx.set_timer(self.config.election_timeout.most, Timer::CheckQuorum);
        } else {
            self.become_follower(self.current_term, ctx);
        }
    }
}

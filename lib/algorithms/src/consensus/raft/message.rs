//! What servers send each other: the remote procedure calls of Figures 2 and 13, and clients' requests that are passed on.

use std::fmt;

use netsplit_node::CallId;

use super::log::{Entry, Index, Term};
use super::snapshots::Snapshot;
use super::state_machine::StateMachine;
use crate::Storable;

/// What servers send each other. Who sends (`candidateId`, `leaderId`) is known of every message.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Message<M: StateMachine> {
    /// A candidate gathers votes (5.2), or asks who would vote for it (dissertation 9.6).
    RequestVote(RequestVote),
    /// The answer to it.
    RequestVoteReply(RequestVoteReply),
    /// A leader replicates entries (5.3), or lets hear from itself (5.2).
    AppendEntries(AppendEntries<M::Command>),
    /// The answer to it.
    AppendEntriesReply(AppendEntriesReply),
    /// A leader sends a part of its snapshot to a follower that lags too far behind (7).
    InstallSnapshot(InstallSnapshot),
    /// The answer to it.
    InstallSnapshotReply(InstallSnapshotReply),
    /// A client's request, passed on to the leader.
    Forward {
        /// The call, which the sender answers.
        call: CallId,
        /// What the client asks.
        command: M::Command,
    },
    /// What the leader answers to a request that was passed on.
    Answer {
        /// The call.
        call: CallId,
        /// What the client is told.
        response: M::Response,
    },
}

/// What a candidate asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ballot {
    /// Only whether it would get the vote. Nobody's state changes.
    PreVote,
    /// The vote of the term.
    Vote,
}

/// Figure 2, RequestVote RPC.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RequestVote {
    /// What is asked for.
    pub ballot: Ballot,
    /// The candidate's term; of a pre-vote, the term that it would begin.
    pub term: Term,
    /// The index of its last entry. `lastLogIndex`
    pub last_log_index: Index,
    /// The term of that entry. `lastLogTerm`
    pub last_log_term: Term,
}

/// Figure 2, results of RequestVote.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RequestVoteReply {
    /// What was asked for.
    pub ballot: Ballot,
    /// The voter's `currentTerm`, for the candidate to update itself.
    pub term: Term,
    /// Whether the candidate has the vote. `voteGranted`
    pub vote_granted: bool,
}

/// Figure 2, AppendEntries RPC.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct AppendEntries<C> {
    /// The leader's term.
    pub term: Term,
    /// The index of the entry before the new ones. `prevLogIndex`
    pub prev_log_index: Index,
    /// The term of that entry. `prevLogTerm`
    pub prev_log_term: Term,
    /// What to store; empty for a heartbeat.
    pub entries: Vec<Entry<C>>,
    /// The leader's `commitIndex`.
    pub leader_commit: Index,
    /// Counts the leader's rounds of messages, so that a reply says which one it is of (dissertation 6.4). Not in Figure 2.
    pub round: u64,
}

/// Figure 2, results of AppendEntries.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct AppendEntriesReply {
    /// The follower's `currentTerm`, for the leader to update itself.
    pub term: Term,
    /// The leader's round that is answered.
    pub round: u64,
    /// What became of the entries. `success`, and what the end of section 5.3 adds to a failure.
    pub result: Appended,
}

/// What became of entries.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum Appended {
    /// The follower's log equals the leader's up to this index.
    UpTo(Index),
    /// The follower has no entry there, or of another term: from this index on the leader should try next.
    Conflict {
        /// The first index that the follower lacks, or the first that it has of the conflicting term.
        first_index: Index,
        /// The conflicting term; nothing if there is no entry.
        term: Option<Term>,
    },
}

/// Figure 13, InstallSnapshot RPC.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct InstallSnapshot {
    /// The leader's term.
    pub term: Term,
    /// The snapshot, with only this part of its bytes in it. `lastIncludedIndex`, `lastIncludedTerm`, `data[]`
    pub part: Snapshot,
    /// Where the part begins. `offset`
    pub offset: usize,
    /// How many bytes the whole has: the last part reaches them. `done`
    pub whole: usize,
    /// As in [`AppendEntries::round`].
    pub round: u64,
}

/// Figure 13, results of InstallSnapshot.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct InstallSnapshotReply {
    /// The follower's `currentTerm`, for the leader to update itself.
    pub term: Term,
    /// Which snapshot it is about.
    pub last_included_index: Index,
    /// How many bytes of it the follower has.
    pub received: usize,
    /// The leader's round that is answered.
    pub round: u64,
}

impl<M: StateMachine> Message<M> {
    /// The term that its receiver must not be behind; nothing where there is none, and of a pre-vote, which changes nobody's term.
    pub(super) fn term(&self) -> Option<Term> {
        match self {
            Message::RequestVote(request) => (request.ballot == Ballot::Vote).then_some(request.term),
            Message::RequestVoteReply(reply) => Some(reply.term),
            Message::AppendEntries(request) => Some(request.term),
            Message::AppendEntriesReply(reply) => Some(reply.term),
            Message::InstallSnapshot(request) => Some(request.term),
            Message::InstallSnapshotReply(reply) => Some(reply.term),
            Message::Forward { .. } | Message::Answer { .. } => None,
        }
    }

    /// About its size on the wire: eight bytes for a number, and what entries and snapshots have.
    pub(super) fn size(&self) -> usize {
        match self {
            Message::RequestVote(_) | Message::AppendEntriesReply(_) | Message::InstallSnapshotReply(_) => 32,
            Message::RequestVoteReply(_) => 16,
            Message::AppendEntries(request) => {
                40 + request.entries.iter().map(|entry| entry.to_bytes().len()).sum::<usize>()
            }
            Message::InstallSnapshot(request) => 64 + request.part.data.len(),
            Message::Forward { command, .. } => 8 + command.to_bytes().len(),
            Message::Answer { response, .. } => 8 + size_of_val(response),
        }
    }
}

/// As a diagram has room for: the name of the call and its numbers.
impl<M: StateMachine> fmt::Debug for Message<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Message::RequestVote(RequestVote { ballot, term, last_log_index, last_log_term }) => {
                let name = if *ballot == Ballot::Vote { "RequestVote" } else { "RequestPreVote" };
                write!(f, "{name} term {term}, last log {last_log_index}:{last_log_term}")
            }
            Message::RequestVoteReply(RequestVoteReply { ballot, term, vote_granted }) => {
                let name = if *ballot == Ballot::Vote { "vote" } else { "pre-vote" };
                write!(f, "{name} {}, term {term}", if *vote_granted { "granted" } else { "denied" })
            }
            Message::AppendEntries(request) => {
                let AppendEntries { term, prev_log_index, prev_log_term, entries, leader_commit, .. } =
                    request;
                write!(
                    f,
                    "AppendEntries term {term}, after {prev_log_index}:{prev_log_term}, {entries:?}, commit {leader_commit}"
                )
            }
            Message::AppendEntriesReply(AppendEntriesReply { term, result, .. }) => match result {
                Appended::UpTo(index) => write!(f, "appended up to {index}, term {term}"),
                Appended::Conflict { first_index, term: Some(conflict) } => {
                    write!(f, "conflict from {first_index} on, of term {conflict}, term {term}")
                }
                Appended::Conflict { first_index, term: None } => {
                    write!(f, "conflict: nothing from {first_index} on, term {term}")
                }
            },
            Message::InstallSnapshot(InstallSnapshot { term, part, offset, whole, .. }) => write!(
                f,
                "InstallSnapshot term {term}, up to {}:{}, bytes {offset} to {} of {whole}",
                part.last_included_index,
                part.last_included_term,
                offset + part.data.len()
            ),
            Message::InstallSnapshotReply(InstallSnapshotReply {
                term,
                last_included_index,
                received,
                ..
            }) => {
                write!(
                    f,
                    "received {received} bytes of the snapshot up to {last_included_index}, term {term}"
                )
            }
            Message::Forward { command, .. } => write!(f, "forward {command:?}"),
            Message::Answer { response, .. } => write!(f, "answer {response:?}"),
        }
    }
}

//! Log compaction (section 7): a snapshot stands for the beginning of the log, on the disk and for followers that lag behind it.

use netsplit_node::{Context, NodeId};

use super::log::{Index, Term};
use super::membership::Configuration;
use super::message::{AppendEntriesReply, Appended, InstallSnapshot, InstallSnapshotReply, Message};
use super::state_machine::StateMachine;
use super::{Compaction, Raft, Role};
use crate::Storable;

/// The state that all entries up to an index made (Figure 12).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Snapshot {
    /// The last entry that it stands for. `lastIncludedIndex`
    pub last_included_index: Index,
    /// The term of that entry, for the consistency check of the entry after it. `lastIncludedTerm`
    pub last_included_term: Term,
    /// The newest configuration among those entries (section 6).
    pub configuration: Configuration,
    /// The state machine's bytes.
    pub data: Vec<u8>,
}

impl Snapshot {
    /// The snapshot of nothing, before the first entry, at servers that begin as members of `configuration`.
    pub(super) fn before_everything(configuration: Configuration) -> Snapshot {
        Snapshot { last_included_index: 0, last_included_term: 0, configuration, data: Vec::new() }
    }
}

impl Storable for Snapshot {
    fn store(&self, bytes: &mut Vec<u8>) {
        self.last_included_index.store(bytes);
        self.last_included_term.store(bytes);
        self.configuration.store(bytes);
        self.data.store(bytes);
    }

    fn load(bytes: &mut &[u8]) -> Option<Self> {
        Some(Snapshot {
            last_included_index: Index::load(bytes)?,
            last_included_term: Term::load(bytes)?,
            configuration: Configuration::load(bytes)?,
            data: Vec::load(bytes)?,
        })
    }
}

/// A snapshot of which parts have arrived.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Incoming {
    /// With the bytes so far.
    snapshot: Snapshot,
}

impl<M: StateMachine> Raft<M> {
    /// "Each server takes snapshots independently, covering just the committed entries in its log" (7).
    pub(super) fn compact_log(&mut self, ctx: &mut Context<Self>) {
        let Compaction::Every(entries) = self.config.compaction else { return };
        if self.last_applied - self.log.snapshot().last_included_index < entries.max(1) {
            return;
        }
        let Some(last_included_term) = self.log.term_at(self.last_applied) else { return };
        self.log.compact(Snapshot {
            last_included_index: self.last_applied,
            last_included_term,
            configuration: self.log.configuration_at(self.last_applied).1.clone(),
            data: self.machine.snapshot(),
        });
        self.persist_anew(ctx);
    }

    /// The next entry for `server` was compacted: it gets the next part of the snapshot instead.
    pub(super) fn send_snapshot_part(&mut self, server: NodeId, ctx: &mut Context<Self>) {
        let Role::Leader(leadership) = &mut self.role else { return };
        let round = leadership.round;
        let Some(progress) = leadership.progress.get_mut(&server) else { return };
        let snapshot = self.log.snapshot();
        let offset = match progress.snapshot {
            Some((index, received)) if index == snapshot.last_included_index => received,
            _ => 0,
        };
        progress.snapshot = Some((snapshot.last_included_index, offset));
        let whole = snapshot.data.len();
        let end = whole.min(offset + self.config.snapshot_bytes_per_message);
        let part = Snapshot { data: snapshot.data[offset..end].to_vec(), ..copy_without_data(snapshot) };
        let request = InstallSnapshot { term: self.current_term, part, offset, whole, round };
        ctx.send(server, Message::InstallSnapshot(request));
    }

    /// Figure 13, receiver.
    pub(super) fn handle_install_snapshot(
        &mut self,
        leader: NodeId,
        request: InstallSnapshot,
        ctx: &mut Context<Self>,
    ) {
        let (round, last_included_index) = (request.round, request.part.last_included_index);
        let mut received = 0;
        if request.term == self.current_term {
            self.follow(leader, ctx);
            received = self.receive_part(request, ctx);
        }
        self.persist(ctx);
        let reply = if last_included_index <= self.commit_index && self.leader == Some(leader) {
            // What it stands for is committed, and this server has it: the logs are equal up to there.
            let result = Appended::UpTo(last_included_index);
            Message::AppendEntriesReply(AppendEntriesReply { term: self.current_term, round, result })
        } else {
            let term = self.current_term;
            Message::InstallSnapshotReply(InstallSnapshotReply { term, last_included_index, received, round })
        };
        ctx.send(leader, reply);
    }

    /// Steps 2 to 5: puts the part behind those before it. Returns how many bytes there are.
    fn receive_part(&mut self, request: InstallSnapshot, ctx: &mut Context<Self>) -> usize {
        let InstallSnapshot { part, offset, whole, .. } = request;
        if part.last_included_index <= self.commit_index {
            return whole;
        }
        let about = |snapshot: &Snapshot| (snapshot.last_included_index, snapshot.last_included_term);
        let mut snapshot = match self.incoming.take() {
            Some(Incoming { snapshot }) if about(&snapshot) == about(&part) => snapshot,
            _ => copy_without_data(&part),
        };
        // A part that came twice, or after a lost one, does not fit: the reply says where to go on.
        if snapshot.data.len() == offset {
            snapshot.data.extend(part.data);
        }
        let received = snapshot.data.len();
        if received < whole {
            self.incoming = Some(Incoming { snapshot });
        } else {
            self.install(snapshot, ctx);
        }
        received
    }

    /// Steps 6 to 8: the snapshot takes the place of what it stands for; entries that go on from it stay.
    fn install(&mut self, snapshot: Snapshot, ctx: &mut Context<Self>) {
        let Some(machine) = M::restore(&snapshot.data) else {
            panic!("the snapshot up to {} is none of this state machine", snapshot.last_included_index)
        };
        self.machine = machine;
        self.commit_index = snapshot.last_included_index;
        self.last_applied = snapshot.last_included_index;
        self.log.compact(snapshot);
        self.adopt_configuration(ctx);
        self.persist_anew(ctx);
    }

    pub(super) fn handle_install_snapshot_reply(
        &mut self,
        follower: NodeId,
        reply: InstallSnapshotReply,
        ctx: &mut Context<Self>,
    ) {
        if reply.term != self.current_term || !self.hear_from(follower, reply.round, ctx) {
            return;
        }
        let Role::Leader(leadership) = &mut self.role else { return };
        let Some(progress) = leadership.progress.get_mut(&follower) else { return };
        match progress.snapshot {
            Some((index, offset)) if index == reply.last_included_index && offset != reply.received => {
                progress.snapshot = Some((index, reply.received));
            }
            _ => return,
        }
        self.send_append_entries(follower, ctx);
    }
}

/// All that is known of a snapshot but its bytes.
fn copy_without_data(snapshot: &Snapshot) -> Snapshot {
    Snapshot {
        last_included_index: snapshot.last_included_index,
        last_included_term: snapshot.last_included_term,
        configuration: snapshot.configuration.clone(),
        data: Vec::new(),
    }
}

//! Cluster membership changes (section 6; dissertation chapter 4): one server at a time, or any by joint consensus.
//!
//! Servers do not switch at the same moment, so going from three servers to five in one step would leave a time in which two of the old
//! three and three of the new five are majorities, with no server in common: two leaders in one term. Two ways avoid it:
//!
//! - *One server at a time* (dissertation 4.1): any majority of n servers and any of n ± 1 have a server in common.
//! - *Joint consensus* (section 6): in between, everything needs a majority of the old servers *and* one of the new.
//!
//! ```text
//! {0,1,2} ────▶ {0,1,2}&{2,3,4} ────▶ {2,3,4}          an arrow is an entry in the log, and is taken when the entry
//!               both majorities                        is appended; the second when the first is committed
//! ```
//!
//! New servers first get the log, without a vote (dissertation 4.2.1): otherwise they would hold up the commitment of everything.

use std::collections::BTreeSet;
use std::fmt;

use netsplit_node::{Context, NodeId, Time};

use super::clients::Origin;
use super::log::{Index, Payload};
use super::replication::Progress;
use super::state_machine::StateMachine;
use super::{Raft, Role};
use crate::Storable;

/// Who the servers are, and so what a majority is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Configuration {
    /// These servers.
    Simple(BTreeSet<NodeId>),
    /// On the way from one set to another: agreement needs majorities of both. `C_old,new`
    Joint {
        /// The servers that were.
        old: BTreeSet<NodeId>,
        /// The servers that are to be.
        new: BTreeSet<NodeId>,
    },
}

impl Configuration {
    /// The sets of which each must have its majority.
    fn sets(&self) -> impl Iterator<Item = &BTreeSet<NodeId>> {
        let (first, second) = match self {
            Configuration::Simple(servers) => (servers, None),
            Configuration::Joint { old, new } => (old, Some(new)),
        };
        std::iter::once(first).chain(second)
    }

    /// All servers, each once.
    pub fn servers(&self) -> BTreeSet<NodeId> {
        self.sets().flatten().copied().collect()
    }

    /// All servers but one.
    pub(super) fn others(&self, me: NodeId) -> impl Iterator<Item = NodeId> {
        self.servers().into_iter().filter(move |&id| id != me)
    }

    /// Whether `id` is one of the servers.
    pub fn contains(&self, id: NodeId) -> bool {
        self.sets().any(|servers| servers.contains(&id))
    }

    /// Whether those that `agree` are a majority; of both sets on the way from one to the other.
    pub fn is_majority(&self, agree: impl Fn(NodeId) -> bool) -> bool {
        self.sets().all(|servers| servers.iter().filter(|&&id| agree(id)).count() * 2 > servers.len())
    }

    /// The highest number that a majority has reached; of both sets on the way from one to the other.
    pub(super) fn reached_by_majority(&self, reached: impl Fn(NodeId) -> u64) -> u64 {
        let of_set = |servers: &BTreeSet<NodeId>| {
            let mut numbers: Vec<u64> = servers.iter().map(|&id| reached(id)).collect();
            numbers.sort_unstable_by(|a, b| b.cmp(a));
            numbers.get(servers.len() / 2).copied().unwrap_or(0)
        };
        self.sets().map(of_set).min().unwrap_or(0)
    }
}

impl fmt::Display for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, servers) in self.sets().enumerate() {
            let names: Vec<String> = servers.iter().map(NodeId::to_string).collect();
            write!(f, "{}{{{}}}", if place == 0 { "" } else { "&" }, names.join(","))?;
        }
        Ok(())
    }
}

impl Storable for Configuration {
    fn store(&self, bytes: &mut Vec<u8>) {
        let sets: Vec<BTreeSet<NodeId>> = self.sets().cloned().collect();
        sets.store(bytes);
    }

    fn load(bytes: &mut &[u8]) -> Option<Self> {
        let mut sets = Vec::load(bytes)?.into_iter();
        match (sets.next(), sets.next(), sets.next()) {
            (Some(servers), None, None) => Some(Configuration::Simple(servers)),
            (Some(old), Some(new), None) => Some(Configuration::Joint { old, new }),
            _ => None,
        }
    }
}

/// What a cluster's operator asks for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Change {
    /// One more server (dissertation 4.1).
    AddServer(NodeId),
    /// One server less.
    RemoveServer(NodeId),
    /// Other servers altogether, by joint consensus (section 6).
    Joint(BTreeSet<NodeId>),
}

impl Storable for Change {
    fn store(&self, bytes: &mut Vec<u8>) {
        match self {
            Change::AddServer(id) => {
                bytes.push(0);
                id.store(bytes);
            }
            Change::RemoveServer(id) => {
                bytes.push(1);
                id.store(bytes);
            }
            Change::Joint(servers) => {
                bytes.push(2);
                servers.store(bytes);
            }
        }
    }

    fn load(bytes: &mut &[u8]) -> Option<Self> {
        Some(match u8::load(bytes)? {
            0 => Change::AddServer(NodeId::load(bytes)?),
            1 => Change::RemoveServer(NodeId::load(bytes)?),
            2 => Change::Joint(BTreeSet::load(bytes)?),
            _ => return None,
        })
    }
}

/// Why a change was not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Another one has not ended yet. Two at once would be more than one step.
    ChangeInProgress,
    /// The leader has committed nothing in its term yet. A change by it and one of an earlier leader, not committed, would be two
    /// at once (Ongaro, "Bug in single-server membership changes", 2015).
    NothingCommittedInTerm,
    /// The cluster is so already, or would have no server.
    NothingToChange,
    /// A new server did not get the log fast enough (dissertation 4.2.1).
    NewServerTooSlow,
}

/// New servers that get the log before they have a vote.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct CatchUp {
    target: Configuration,
    origin: Origin,
    newcomers: BTreeSet<NodeId>,
    /// What they must have for the round to end: what there was when it began.
    round_ends: Index,
    round_began: Time,
    rounds_left: u32,
}

/// After so many rounds a new server that never keeps up is given up (dissertation 4.2.1 names 10).
const ROUNDS: u32 = 10;

impl<M: StateMachine> Raft<M> {
    /// "A server always uses the latest configuration in its log, regardless of whether the entry is committed" (6).
    pub(super) fn adopt_configuration(&mut self, ctx: &mut Context<Self>) {
        let (index, configuration) = self.log.configuration_at(self.log.last_index());
        if (index, configuration) != (self.configuration.0, &self.configuration.1) {
            self.configuration = (index, configuration.clone());
            self.track_members(ctx);
        }
    }

    /// A leader keeps track of all servers of its configuration.
    pub(super) fn track_members(&mut self, ctx: &mut Context<Self>) {
        self.track(self.configuration.1.servers(), ctx);
    }

    fn track(&mut self, servers: BTreeSet<NodeId>, ctx: &mut Context<Self>) {
        let (now, next_index) = (ctx.monotonic(), self.log.last_index() + 1);
        let Role::Leader(leadership) = &mut self.role else { return };
        for id in servers.into_iter().filter(|&id| id != self.me) {
            let unknown =
                Progress { next_index, match_index: 0, answered_round: 0, heard: now, snapshot: None };
            leadership.progress.entry(id).or_insert(unknown);
        }
    }

    /// An operator asks this leader for other servers.
    pub(super) fn begin_change(&mut self, origin: Origin, change: Change, ctx: &mut Context<Self>) {
        match self.target_of(change) {
            Ok(target) => self.begin_catch_up(origin, target, ctx),
            Err(refusal) => self.refuse_change(origin, refusal, ctx),
        }
    }

    fn refuse_change(&mut self, origin: Origin, refusal: Refusal, ctx: &mut Context<Self>) {
        if let Some(response) = M::reconfigured(Err(refusal)) {
            self.answer(origin, response, ctx);
        }
    }

    /// The configuration to begin with, if one may begin now.
    fn target_of(&self, change: Change) -> Result<Configuration, Refusal> {
        let Role::Leader(leadership) = &self.role else { return Err(Refusal::ChangeInProgress) };
        let (index, Configuration::Simple(old)) = &self.configuration else {
            return Err(Refusal::ChangeInProgress);
        };
        if *index > self.commit_index || leadership.catch_up.is_some() {
            return Err(Refusal::ChangeInProgress);
        }
        if self.commit_index < leadership.first_of_term {
            return Err(Refusal::NothingCommittedInTerm);
        }
        let (old, mut new) = (old.clone(), old.clone());
        let target = match change {
            Change::AddServer(id) => {
                new.insert(id);
                Configuration::Simple(new.clone())
            }
            Change::RemoveServer(id) => {
                new.remove(&id);
                Configuration::Simple(new.clone())
            }
            Change::Joint(servers) => {
                new = servers.clone();
                Configuration::Joint { old: old.clone(), new: servers }
            }
        };
        if new.is_empty() || new == old { Err(Refusal::NothingToChange) } else { Ok(target) }
    }

    /// New servers get the log first, in rounds: each replicates what there was when it began.
    fn begin_catch_up(&mut self, origin: Origin, target: Configuration, ctx: &mut Context<Self>) {
        let newcomers: BTreeSet<NodeId> =
            target.servers().difference(&self.configuration.1.servers()).copied().collect();
        if newcomers.is_empty() {
            return self.append_configuration(origin, target, ctx);
        }
        self.track(newcomers.clone(), ctx);
        let (round_ends, round_began) = (self.log.last_index(), ctx.monotonic());
        let Role::Leader(leadership) = &mut self.role else { return };
        leadership.catch_up =
            Some(CatchUp { target, origin, newcomers, round_ends, round_began, rounds_left: ROUNDS });
        self.broadcast_append_entries(ctx);
    }

    /// Ends a round when all new servers have what there was at its beginning. After a round that was shorter than an election timeout
    /// the change begins; it then holds up the cluster for no longer than an election would.
    pub(super) fn catch_up_newcomers(&mut self, ctx: &mut Context<Self>) {
        let (now, last_index) = (ctx.monotonic(), self.log.last_index());
        let Role::Leader(leadership) = &mut self.role else { return };
        let Some(catch_up) = &mut leadership.catch_up else { return };
        let has_all =
            |id| leadership.progress.get(id).is_some_and(|it| it.match_index >= catch_up.round_ends);
        if !catch_up.newcomers.iter().all(has_all) {
            return;
        }
        if now - catch_up.round_began < self.config.election_timeout.least {
            let CatchUp { target, origin, .. } = catch_up.clone();
            leadership.catch_up = None;
            return self.append_configuration(origin, target, ctx);
        }
        catch_up.rounds_left = catch_up.rounds_left.saturating_sub(1);
        (catch_up.round_ends, catch_up.round_began) = (last_index, now);
    }

    /// A new server that does not answer, or falls behind again and again, is given up.
    pub(super) fn give_up_slow_newcomers(&mut self, ctx: &mut Context<Self>) {
        let Role::Leader(leadership) = &mut self.role else { return };
        let Some(catch_up) = &leadership.catch_up else { return };
        let patience = self.config.election_timeout.most * i64::from(ROUNDS);
        if catch_up.rounds_left > 0 && ctx.monotonic() - catch_up.round_began < patience {
            return;
        }
        let CatchUp { origin, newcomers, .. } = catch_up.clone();
        leadership.catch_up = None;
        leadership.progress.retain(|id, _| !newcomers.contains(id));
        self.refuse_change(origin, Refusal::NewServerTooSlow, ctx);
    }

    /// The change begins: its first entry, or its only one. Who asked is told when the entry is committed.
    fn append_configuration(
        &mut self,
        origin: Origin,
        configuration: Configuration,
        ctx: &mut Context<Self>,
    ) {
        let index = self.append_to_log(Payload::Configuration(configuration), ctx);
        self.promised.insert(index, (self.current_term, origin));
    }

    /// The newest configuration may have been committed: the second half of a joint change begins, or a leader that is no longer a member
    /// goes (6).
    pub(super) fn go_on_with_membership(&mut self, ctx: &mut Context<Self>) {
        let Role::Leader(leadership) = &self.role else { return };
        if self.configuration.0 > self.commit_index || self.commit_index < leadership.first_of_term {
            return;
        }
        match self.configuration.1.clone() {
            Configuration::Joint { new, .. } => {
                let promise = self.promised.remove(&self.configuration.0);
                let index = self.append_to_log(Payload::Configuration(Configuration::Simple(new)), ctx);
                if let Some((_, origin)) = promise {
                    self.promised.insert(index, (self.current_term, origin));
                }
            }
            Configuration::Simple(members) => self.part_from_others(&members, ctx),
        }
    }

    /// Who is no member any more is told so once, as far as one message does, and forgotten; a leader steps down if it is itself.
    fn part_from_others(&mut self, members: &BTreeSet<NodeId>, ctx: &mut Context<Self>) {
        let Role::Leader(leadership) = &self.role else { return };
        let newcomers =
            leadership.catch_up.as_ref().map(|catch_up| catch_up.newcomers.clone()).unwrap_or_default();
        let stays = |id: &NodeId| members.contains(id) || newcomers.contains(id);
        if !leadership.progress.keys().all(stays) {
            self.broadcast_append_entries(ctx);
            if let Role::Leader(leadership) = &mut self.role {
                leadership.progress.retain(|id, _| stays(id));
            }
        }
        if !members.contains(&self.me) {
            self.broadcast_append_entries(ctx);
            self.become_follower(self.current_term, ctx);
        }
    }
}

//! Wrong: term and vote are on the disk, and the log is not.
// answer: durable
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Alarm {
    Election,
    Heartbeat,
}

/// What must be on the disk.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Saved {
    term: Term,
    vote: Option<NodeId>,
    /// The snapshot: what the entries up to `base` made.
    base: u64,
    base_term: Term,
    values: BTreeMap<u8, u64>,
    members: Vec<NodeId>,
    /// The entries after it.
    log: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq)]
enum Role {
    Follower,
    Candidate { votes: BTreeSet<NodeId> },
    Leader,
}

#[derive(Clone, Debug)]
struct Read {
    round: u64,
    index: u64,
    call: CallId,
    key: u8,
}

#[derive(Clone, Debug)]
struct Server {
    saved: Saved,
    role: Role,
    /// When a leader was heard of.
    heard: Option<Time>,
    commit: u64,
    applied: u64,
    values: BTreeMap<u8, u64>,
    // A leader's.
    next: BTreeMap<NodeId, u64>,
    matched: BTreeMap<NodeId, u64>,
    first_of_term: u64,
    round: u64,
    answered: BTreeMap<NodeId, u64>,
    /// Who waits for the entry at an index, if it is of this term.
    open: BTreeMap<u64, (Term, CallId)>,
    reads: Vec<Read>,
}

const COMPACT: u64 = 20;

impl Server {
    fn new(members: Vec<NodeId>) -> Server {
        Server {
            saved: Saved { members, ..Saved::default() },
            role: Role::Follower,
            heard: None,
            commit: 0,
            applied: 0,
            values: BTreeMap::new(),
            next: BTreeMap::new(),
            matched: BTreeMap::new(),
            first_of_term: 0,
            round: 0,
            answered: BTreeMap::new(),
            open: BTreeMap::new(),
            reads: Vec::new(),
        }
    }

    fn save(&self, ctx: &mut Context<Self>) {
        let bytes = serde_json::to_vec(&self.saved).unwrap_or_default();
        ctx.disk().write("raft", bytes);
        ctx.disk().sync();
    }

    fn last_index(&self) -> u64 {
        self.saved.base + self.saved.log.len() as u64
    }

    fn entry(&self, index: u64) -> Option<&Entry> {
        self.saved.log.get(index.checked_sub(self.saved.base + 1)? as usize)
    }

    fn term_at(&self, index: u64) -> Option<Term> {
        if index == self.saved.base {
            Some(self.saved.base_term)
        } else {
            self.entry(index).map(|it| it.term)
        }
    }

    fn last_term(&self) -> Term {
        self.term_at(self.last_index()).unwrap_or(0)
    }

    /// The newest members in the log up to an index, with the index.
    fn members_at(&self, last: u64) -> (u64, Vec<NodeId>) {
        let newest = (self.saved.base + 1..=last).rev().find_map(|index| match &self.entry(index)?.command {
            Command::Members(members) => Some((index, members.clone())),
            _ => None,
        });
        newest.unwrap_or((self.saved.base, self.saved.members.clone()))
    }

    fn members(&self) -> Vec<NodeId> {
        self.members_at(self.last_index()).1
    }

    fn is_majority(&self, agrees: impl Fn(NodeId) -> bool) -> bool {
        let members = self.members();
        members.iter().filter(|id| agrees(**id)).count() * 2 > members.len()
    }

    fn tell_others(&self, rpc: Rpc, ctx: &mut Context<Self>) {
        let me = ctx.id();
        for id in self.members().into_iter().filter(|id| *id != me) {
            ctx.send(id, rpc.clone());
        }
    }

    fn wait_for_leader(&self, ctx: &mut Context<Self>) {
        let timeout = ctx.random().between(ms(150), ms(300));
        ctx.set_timer(timeout, Alarm::Election);
    }

    fn follow(&mut self, term: Term, ctx: &mut Context<Self>) {
        if term > self.saved.term {
            (self.saved.term, self.saved.vote) = (term, None);
            self.save(ctx);
        }
        if self.role == Role::Leader {
            ctx.cancel_timer(&Alarm::Heartbeat);
            self.wait_for_leader(ctx);
            for read in self.reads.drain(..) {
                ctx.refuse(read.call, "no longer the leader");
            }
        }
        self.role = Role::Follower;
    }

    fn stand(&mut self, ctx: &mut Context<Self>) {
        self.wait_for_leader(ctx);
        let me = ctx.id();
        if self.role == Role::Leader || !self.members().contains(&me) {
            return;
        }
        self.saved.term += 1;
        self.saved.vote = Some(me);
        self.role = Role::Candidate { votes: BTreeSet::from([me]) };
        self.save(ctx);
        let (last_index, last_term) = (self.last_index(), self.last_term());
        self.tell_others(Rpc::RequestVote { term: self.saved.term, last_index, last_term }, ctx);
    }

    fn vote(&mut self, from: NodeId, last: (Term, u64), ctx: &mut Context<Self>) {
        let is_free = self.saved.vote.is_none_or(|id| id == from);
        let is_up_to_date = last >= (self.last_term(), self.last_index());
        let granted = is_free && is_up_to_date;
        if granted {
            self.saved.vote = Some(from);
            self.save(ctx);
            self.wait_for_leader(ctx);
        }
        ctx.send(from, Rpc::Vote { term: self.saved.term, granted });
    }

    fn count_vote(&mut self, from: NodeId, ctx: &mut Context<Self>) {
        let Role::Candidate { votes } = &mut self.role else { return };
        votes.insert(from);
        let votes = votes.clone();
        if self.is_majority(|id| votes.contains(&id)) {
            self.role = Role::Leader;
            self.next.clear();
            self.matched.clear();
            self.answered.clear();
            self.first_of_term = self.last_index() + 1;
            ctx.cancel_timer(&Alarm::Election);
            ctx.set_timer(ms(50), Alarm::Heartbeat);
            self.append(Command::Nothing, ctx);
        }
    }

    fn append(&mut self, command: Command, ctx: &mut Context<Self>) -> u64 {
        self.saved.log.push(Entry { term: self.saved.term, command });
        self.save(ctx);
        self.replicate(ctx);
        self.last_index()
    }

    fn replicate(&mut self, ctx: &mut Context<Self>) {
        self.round += 1;
        let me = ctx.id();
        for id in self.members().into_iter().filter(|id| *id != me) {
            self.replicate_to(id, ctx);
        }
    }

    fn replicate_to(&mut self, id: NodeId, ctx: &mut Context<Self>) {
        let next = *self.next.entry(id).or_insert(self.saved.base + self.saved.log.len() as u64);
        let (term, round) = (self.saved.term, self.round);
        if next <= self.saved.base {
            let Saved { base, base_term, values, members, .. } = self.saved.clone();
            return ctx.send(
                id,
                Rpc::Snapshot { term, round, last_index: base, last_term: base_term, values, members },
            );
        }
        let prev_index = next - 1;
        let prev_term = self.term_at(prev_index).unwrap_or(0);
        let entries = self.saved.log[(prev_index - self.saved.base) as usize..].to_vec();
        ctx.send(id, Rpc::Append { term, round, prev_index, prev_term, entries, commit: self.commit });
    }

    /// Makes the log equal to the leader's. Whether it fits, and up to where it does now, or where to try next.
    fn take(
        &mut self,
        mut prev: u64,
        prev_term: Term,
        mut entries: Vec<Entry>,
        ctx: &mut Context<Self>,
    ) -> (bool, u64) {
        if prev < self.saved.base {
            // These are in the snapshot.
            let covered = ((self.saved.base - prev) as usize).min(entries.len());
            entries.drain(..covered);
            prev += covered as u64;
            if prev < self.saved.base {
                return (true, self.saved.base);
            }
        } else if self.term_at(prev) != Some(prev_term) {
            return (false, prev.min(self.last_index() + 1).max(self.saved.base + 1));
        }
        let mut is_new = false;
        for (index, entry) in (prev + 1..).zip(entries.iter()) {
            if self.term_at(index) != Some(entry.term) {
                self.saved.log.truncate((index - self.saved.base - 1) as usize);
                self.saved.log.push(entry.clone());
                is_new = true;
            }
        }
        if is_new {
            self.save(ctx);
        }
        (true, prev + entries.len() as u64)
    }

    fn install(
        &mut self,
        index: u64,
        term: Term,
        values: BTreeMap<u8, u64>,
        members: Vec<NodeId>,
        ctx: &mut Context<Self>,
    ) {
        if index <= self.commit {
            return;
        }
        if self.term_at(index) == Some(term) {
            self.saved.log.drain(..(index - self.saved.base) as usize);
        } else {
            self.saved.log.clear();
        }
        (self.saved.base, self.saved.base_term) = (index, term);
        (self.saved.values, self.saved.members) = (values.clone(), members);
        (self.commit, self.applied, self.values) = (index, index, values);
        self.save(ctx);
    }

    fn advance(&mut self, ctx: &mut Context<Self>) {
        let me = ctx.id();
        let reached = (self.commit + 1..=self.last_index()).rev().find(|index| {
            let has = |id| id == me || self.matched.get(&id).is_some_and(|it| it >= index);
            self.term_at(*index) == Some(self.saved.term) && self.is_majority(has)
        });
        if let Some(index) = reached {
            self.commit_up_to(index, ctx);
            if !self.members_at(self.commit).1.contains(&me) {
                self.replicate(ctx);
                self.follow(self.saved.term, ctx);
            }
        }
    }

    fn commit_up_to(&mut self, index: u64, ctx: &mut Context<Self>) {
        self.commit = self.commit.max(index);
        while self.applied < self.commit {
            self.applied += 1;
            let Some(Entry { term, command }) = self.entry(self.applied).cloned() else { return };
            let told = match command {
                Command::Nothing => Told::Follows,
                Command::Put { key, value } => {
                    self.values.insert(key, value);
                    Told::Stored
                }
                Command::Get { key } => Told::Value(self.values.get(&key).copied()),
                Command::Members(_) => Told::Changed,
            };
            if let Some((_, call)) = self.open.remove(&self.applied).filter(|(own, _)| *own == term) {
                ctx.reply(call, told);
            }
        }
        if self.applied - self.saved.base >= COMPACT {
            let (index, term) = (self.applied, self.term_at(self.applied).unwrap_or(0));
            self.saved.members = self.members_at(index).1;
            self.saved.log.drain(..(index - self.saved.base) as usize);
            (self.saved.base, self.saved.base_term, self.saved.values) = (index, term, self.values.clone());
            self.save(ctx);
        }
    }

    fn serve_reads(&mut self, ctx: &mut Context<Self>) {
        let me = ctx.id();
        for Read { round, index, call, key } in std::mem::take(&mut self.reads) {
            let has = |id| id == me || self.answered.get(&id).is_some_and(|it| *it >= round);
            if self.applied >= index && self.is_majority(has) {
                ctx.reply(call, Told::Value(self.values.get(&key).copied()));
            } else {
                self.reads.push(Read { round, index, call, key });
            }
        }
    }

    fn may_change_to(&self, members: &[NodeId]) -> bool {
        let (index, now) = self.members_at(self.last_index());
        let (now, then): (BTreeSet<_>, BTreeSet<_>) =
            (now.into_iter().collect(), members.iter().copied().collect());
        now.symmetric_difference(&then).count() == 1
            && index <= self.commit
            && self.commit >= self.first_of_term
    }
}

impl Node for Server {
    type Message = Rpc;
    type Timer = Alarm;

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        if let Some(saved) = ctx.disk().read("raft").and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
            self.saved = Saved { log: Vec::new(), ..saved };
            (self.commit, self.applied) = (self.saved.base, self.saved.base);
            self.values = self.saved.values.clone();
        }
        self.wait_for_leader(ctx);
    }

    fn on_message(&mut self, from: NodeId, rpc: Rpc, ctx: &mut Context<Self>) {
        let (Rpc::RequestVote { term, .. }
        | Rpc::Vote { term, .. }
        | Rpc::Append { term, .. }
        | Rpc::Appended { term, .. }
        | Rpc::Snapshot { term, .. }) = rpc;
        // Who hears from a leader does not listen to candidates: removed servers would disturb for ever.
        let is_led = self.role == Role::Leader || self.heard.is_some_and(|at| ctx.monotonic() - at < ms(150));
        if matches!(rpc, Rpc::RequestVote { .. }) && is_led {
            return;
        }
        if term > self.saved.term {
            self.follow(term, ctx);
        }
        let is_current = term == self.saved.term;
        match rpc {
            Rpc::RequestVote { last_index, last_term, .. } => {
                if is_current {
                    self.vote(from, (last_term, last_index), ctx);
                } else {
                    ctx.send(from, Rpc::Vote { term: self.saved.term, granted: false });
                }
            }
            Rpc::Vote { granted, .. } => {
                if is_current && granted {
                    self.count_vote(from, ctx);
                }
            }
            Rpc::Append { round, prev_index, prev_term, entries, commit, .. } => {
                let (success, index) = if is_current {
                    self.listen(ctx);
                    self.take(prev_index, prev_term, entries, ctx)
                } else {
                    (false, 0)
                };
                ctx.send(from, Rpc::Appended { term: self.saved.term, round, success, index });
                if success {
                    self.commit_up_to(commit.min(index), ctx);
                }
            }
            Rpc::Snapshot { round, last_index, last_term, values, members, .. } => {
                if is_current {
                    self.listen(ctx);
                    self.install(last_index, last_term, values, members, ctx);
                }
                ctx.send(
                    from,
                    Rpc::Appended { term: self.saved.term, round, success: is_current, index: last_index },
                );
            }
            Rpc::Appended { round, success, index, .. } => {
                if !is_current || self.role != Role::Leader {
                    return;
                }
                let answered = self.answered.entry(from).or_default();
                *answered = round.max(*answered);
                if success {
                    let matched = self.matched.entry(from).or_default();
                    *matched = index.max(*matched);
                    let next = *matched + 1;
                    self.next.insert(from, next);
                    self.advance(ctx);
                } else {
                    let known = self.matched.get(&from).copied().unwrap_or(0);
                    self.next.insert(from, index.max(known + 1));
                    self.replicate_to(from, ctx);
                }
                self.serve_reads(ctx);
            }
        }
    }

    fn on_timer(&mut self, alarm: Alarm, ctx: &mut Context<Self>) {
        match alarm {
            Alarm::Election => self.stand(ctx),
            Alarm::Heartbeat if self.role == Role::Leader => {
                self.replicate(ctx);
                ctx.set_timer(ms(50), Alarm::Heartbeat);
            }
            Alarm::Heartbeat => {}
        }
    }
}

impl Server {
    /// A leader of this term was heard.
    fn listen(&mut self, ctx: &mut Context<Self>) {
        self.role = Role::Follower;
        self.heard = Some(ctx.monotonic());
        self.wait_for_leader(ctx);
    }
}

impl Service for Server {
    type Request = Ask;
    type Response = Told;

    fn on_request(&mut self, call: CallId, ask: Ask, ctx: &mut Context<Self>) {
        let leads = self.role == Role::Leader;
        match ask {
            Ask::Status if leads => ctx.reply(call, Told::Leads(self.saved.term)),
            Ask::Status => ctx.reply(call, Told::Follows),
            _ if !leads => ctx.refuse(call, "not the leader"),
            Ask::Put { key, value } => {
                let index = self.append(Command::Put { key, value }, ctx);
                self.open.insert(index, (self.saved.term, call));
            }
            Ask::Get { key } => {
                let index = self.commit.max(self.first_of_term);
                self.reads.push(Read { round: self.round + 1, index, call, key });
                self.replicate(ctx);
            }
            Ask::Members(members) if self.may_change_to(&members) => {
                let index = self.append(Command::Members(members), ctx);
                self.open.insert(index, (self.saved.term, call));
            }
            Ask::Members(_) => ctx.refuse(call, "not now"),
        }
    }
}

//! One server by itself: a test hands it messages and lets its timers fire, and looks at what it asks for, effect by effect.

use std::sync::Arc;

use netsplit_algorithms::consensus::raft::{
    AppendEntries, AppendEntriesReply, Appended, Ballot, Config, Entry, KeyValueStore, Message, Payload,
    Raft, RequestVote, RequestVoteReply, Term, Timer,
};
use netsplit_node::{
    CallId, Context, DiskFaults, Duration, Effect, KeyValueRequest, Node, NodeId, Random, Service, Slab,
    Step, Value,
};

pub type Store = Raft<KeyValueStore>;
pub type StoreMessage = Message<KeyValueStore>;

/// What a step asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    Send(u32, StoreMessage),
    Wake(Duration, Timer),
    Forget(Timer),
    Reply(String),
    Sync,
}

/// A server with its disk; `NodeId(0)` of a cluster unless said otherwise.
pub struct Server {
    pub raft: Store,
    config: Config,
    members: Arc<[NodeId]>,
    step: Step,
    messages: Slab<StoreMessage>,
    timers: Slab<Timer>,
}

impl Server {
    /// A server of a cluster of so many, which has started.
    pub fn new(servers: u32, config: Config) -> Server {
        let members = (0..servers).map(NodeId).collect();
        let (messages, timers) = (Slab::new(), Slab::new());
        let raft = Raft::new(config.clone());
        let mut server = Server { raft, config, members, step: Step::new(), messages, timers };
        server.step.belongings.random = Random::new(7);
        server.run(|raft, ctx| raft.on_start(ctx));
        server
    }

    /// One with these terms in its log, in the term of the last of them, and no leader heard of for a while.
    pub fn with_log(servers: u32, terms: &[Term]) -> Server {
        let mut server = Server::new(servers, Config::paper());
        let term = terms.last().copied().unwrap_or(0);
        server.receive(servers - 1, append(term, (0, 0), terms, 0));
        server.wait(netsplit_node::secs(1));
        server
    }

    /// A leader of term 1 with an empty log but for its no-op, which nobody else has yet.
    pub fn leader(servers: u32, config: Config) -> Server {
        let mut server = Server::new(servers, config);
        server.fire(Timer::Election);
        server.elect();
        server
    }

    /// The votes that a candidate needs arrive.
    pub fn elect(&mut self) -> Vec<Act> {
        let needed = self.members.len() as u32 / 2;
        (1..=needed).flat_map(|voter| self.receive(voter, vote(self.raft.current_term(), true))).collect()
    }

    /// Time passes for its clock.
    pub fn wait(&mut self, time: Duration) {
        self.step.now += time;
        self.step.monotonic += time;
    }

    pub fn receive(&mut self, from: u32, message: StoreMessage) -> Vec<Act> {
        self.run(|raft, ctx| raft.on_message(NodeId(from), message, ctx))
    }

    pub fn fire(&mut self, timer: Timer) -> Vec<Act> {
        self.run(|raft, ctx| raft.on_timer(timer, ctx))
    }

    pub fn ask(&mut self, call: u64, request: KeyValueRequest) -> Vec<Act> {
        self.run(|raft, ctx| raft.on_request(CallId(call), request, ctx))
    }

    /// Crashes and starts again, with what its disk has kept.
    pub fn restart(&mut self) {
        self.step.belongings.disk.crash();
        self.raft = Raft::new(self.config.clone());
        self.run(|raft, ctx| raft.on_start(ctx));
    }

    /// What is wrong with its disk from now on.
    pub fn set_disk_faults(&mut self, faults: DiskFaults) {
        self.step.belongings.disk.set_faults(faults);
    }

    /// The same as [`receive`](Self::receive), but the power goes before a sync has ended: nobody learns of it.
    pub fn receive_without_sync(&mut self, from: u32, message: StoreMessage) {
        let mut ctx = Context::new(&mut self.step, &self.members, &mut self.messages, &mut self.timers);
        self.raft.on_message(NodeId(from), message, &mut ctx);
        self.step.effects().clear();
    }

    /// Crashes with what the disk's faults leave of unsynced writing, and starts again.
    pub fn crash_unsynced(&mut self, random: &mut Random) {
        self.step.belongings.disk.crash_with(random);
        self.raft = Raft::new(self.config.clone());
        self.run(|raft, ctx| raft.on_start(ctx));
    }

    /// The files on its disk.
    pub fn files(&self) -> Vec<String> {
        self.step.belongings.disk.files()
    }

    /// Whether each entry of its log is what [`append`] sends for its index and term.
    pub fn has_what_was_sent(&self) -> bool {
        self.raft.log().entries().all(|(index, entry)| entry.payload == write(index, entry.term))
    }

    /// The terms of its log's entries.
    pub fn terms(&self) -> Vec<Term> {
        self.raft.log().entries().map(|(_, entry)| entry.term).collect()
    }

    pub fn role(&self) -> String {
        self.raft.inspect().role.unwrap_or_default()
    }

    fn run(&mut self, handler: impl FnOnce(&mut Store, &mut Context<Store>)) -> Vec<Act> {
        let mut ctx = Context::new(&mut self.step, &self.members, &mut self.messages, &mut self.timers);
        handler(&mut self.raft, &mut ctx);
        let mut acts = Vec::new();
        for effect in std::mem::take(self.step.effects()) {
            acts.push(match effect {
                Effect::Send { to, message } => Act::Send(to.0, self.messages.take(message)),
                Effect::SetTimer { after, timer } => Act::Wake(after, self.timers.take(timer)),
                Effect::CancelTimer { timer } => Act::Forget(self.timers.take(timer)),
                Effect::Reply(reply) => Act::Reply(
                    reply.outcome.ok().map_or("refused".to_owned(), |response| (*response).describe()),
                ),
                Effect::Sync { writes } => {
                    self.step.belongings.disk.complete_sync(writes);
                    Act::Sync
                }
                Effect::Write { .. } | Effect::Note(_) | Effect::Call(_) => continue,
            });
        }
        acts
    }
}

/// The messages that a step sent, with their receivers.
pub fn sent(acts: &[Act]) -> Vec<(u32, StoreMessage)> {
    let messages = acts.iter().filter_map(|act| match act {
        Act::Send(to, message) => Some((*to, message.clone())),
        _ => None,
    });
    messages.collect()
}

/// The only message that a step sent.
pub fn only(acts: &[Act]) -> StoreMessage {
    match &sent(acts)[..] {
        [(_, message)] => message.clone(),
        other => panic!("expected one message, not {other:?}"),
    }
}

pub fn request_vote(term: Term, last_log: (u64, Term)) -> StoreMessage {
    let (last_log_index, last_log_term) = last_log;
    Message::RequestVote(RequestVote { ballot: Ballot::Vote, term, last_log_index, last_log_term })
}

pub fn request_pre_vote(term: Term, last_log: (u64, Term)) -> StoreMessage {
    let (last_log_index, last_log_term) = last_log;
    Message::RequestVote(RequestVote { ballot: Ballot::PreVote, term, last_log_index, last_log_term })
}

pub fn vote(term: Term, vote_granted: bool) -> StoreMessage {
    Message::RequestVoteReply(RequestVoteReply { ballot: Ballot::Vote, term, vote_granted })
}

pub fn pre_vote(term: Term, vote_granted: bool) -> StoreMessage {
    Message::RequestVoteReply(RequestVoteReply { ballot: Ballot::PreVote, term, vote_granted })
}

/// Entries of these terms after `prev`, an index and its term.
pub fn append(term: Term, prev: (u64, Term), terms: &[Term], leader_commit: u64) -> StoreMessage {
    let entries =
        terms.iter().zip(prev.0 + 1..).map(|(&term, index)| Entry { term, payload: write(index, term) });
    Message::AppendEntries(AppendEntries {
        term,
        prev_log_index: prev.0,
        prev_log_term: prev.1,
        entries: entries.collect(),
        leader_commit,
        round: 1,
    })
}

/// What an entry of [`append`] does: its index and term determine it, as Log Matching wants it.
fn write(index: u64, term: Term) -> Payload<KeyValueRequest> {
    let value = Value::Number((index * 100 + term) as i64);
    Payload::Command(KeyValueRequest::Put { key: "x".into(), value })
}

pub fn appended(term: Term, up_to: u64, round: u64) -> StoreMessage {
    Message::AppendEntriesReply(AppendEntriesReply { term, round, result: Appended::UpTo(up_to) })
}

pub fn conflict(term: Term, first_index: u64, of_term: Option<Term>) -> StoreMessage {
    let result = Appended::Conflict { first_index, term: of_term };
    Message::AppendEntriesReply(AppendEntriesReply { term, round: 1, result })
}

pub fn put(key: &str, value: i64) -> KeyValueRequest {
    KeyValueRequest::Put { key: key.into(), value: value.into() }
}

pub fn get(key: &str) -> KeyValueRequest {
    KeyValueRequest::Get { key: key.into() }
}

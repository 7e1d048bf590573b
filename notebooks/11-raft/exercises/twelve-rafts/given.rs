//! What the statement of `twelve-rafts` gives: twelve Rafts, the night that they go through, and what counts as damage.

use std::collections::BTreeMap;

use netsplit::consensus::raft::{
    AppendEntries, Appended, Between, Config, FirstMembers, KeyValueStore, Message, Raft, Timer,
};
use netsplit::{
    CallId, Check, Cluster, Context, FaultPlan, KeyValueRequest, KeyValueResponse, Lab, Latency, Node, NodeId, Service,
    Time, linearizable, ms, secs, spec,
};

/// What is wrong with a Raft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The leader says "stored" before anybody else has it.
    LeaderAnswersAtOnce,
    /// A server that passes a put on to the leader says "stored" at once.
    FollowerAnswersAtOnce,
    /// The leader reads its own copy, and does not ask whether it still leads.
    LeaderReadsItsCopy,
    /// Every server reads its own copy.
    EverybodyReadsItsCopy,
    /// All servers forget their disks when they begin again.
    NobodyHasADisk,
    /// Server 2 forgets its disk when it begins again.
    ServerTwoHasNoDisk,
    /// Nothing.
    None,
    /// A vote is given to whoever asks.
    EveryVoteIsGiven,
    /// A candidate says that its log is longer than all others.
    CandidateBoasts,
    /// A server says that it has a leader's entries, though they do not fit on its log.
    SaysThatItFits,
    /// A request that was passed on and not answered within 200 ms is passed on again.
    PassesOnTwice,
    /// A put that takes longer than 400 ms is refused, though its entry may be in a log.
    RefusesWhatMayHappen,
}

/// The Rafts, by their numbers from 1 on.
pub const RAFTS: [Flaw; 12] = [
    Flaw::LeaderAnswersAtOnce,
    Flaw::FollowerAnswersAtOnce,
    Flaw::LeaderReadsItsCopy,
    Flaw::EverybodyReadsItsCopy,
    Flaw::NobodyHasADisk,
    Flaw::ServerTwoHasNoDisk,
    Flaw::None,
    Flaw::EveryVoteIsGiven,
    Flaw::CandidateBoasts,
    Flaw::SaysThatItFits,
    Flaw::PassesOnTwice,
    Flaw::RefusesWhatMayHappen,
];

type Inner = Raft<KeyValueStore>;

/// The library's Raft, and around it what is wrong.
#[derive(Clone, Debug)]
pub struct Twelve {
    flaw: Flaw,
    raft: Inner,
    /// Requests that are not answered yet.
    open: BTreeMap<CallId, (Time, KeyValueRequest)>,
}

/// What a server wakes itself with: Raft's own timers, and one to look for requests that wait.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wake {
    Raft(Timer),
    Look,
}

/// Server 0 has the least patience, so it leads first: 150 to 200 ms. Server 2 has more, server 1 has most.
fn config(id: NodeId) -> Config {
    let (least, most) = [(150, 200), (1_500, 2_000), (500, 700)][id.0 as usize];
    let election_timeout = Between { least: ms(least), most: ms(most) };
    let first_members = FirstMembers::These((0..3).map(NodeId).collect());
    Config { election_timeout, first_members, ..Config::paper() }
}

impl Twelve {
    pub fn new(flaw: Flaw, id: NodeId) -> Twelve {
        Twelve { flaw, raft: Raft::new(config(id)), open: BTreeMap::new() }
    }

    /// Lets Raft take a step; what it sends is changed on the way.
    fn step(&mut self, ctx: &mut Context<Self>, body: impl FnOnce(&mut Inner, &mut Context<Inner>)) {
        let flaw = self.flaw;
        let raft = &mut self.raft;
        ctx.nest(move |message| outgoing(flaw, message), Wake::Raft, |ctx| body(raft, ctx));
    }
}

fn outgoing(flaw: Flaw, mut message: Message<KeyValueStore>) -> Message<KeyValueStore> {
    match (&mut message, flaw) {
        (Message::RequestVote(request), Flaw::CandidateBoasts) => request.last_log_term += 1_000,
        (Message::RequestVoteReply(reply), Flaw::EveryVoteIsGiven) => reply.vote_granted = true,
        _ => {}
    }
    message
}

impl Node for Twelve {
    type Message = Message<KeyValueStore>;
    type Timer = Wake;

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        let forgets = match self.flaw {
            Flaw::NobodyHasADisk => true,
            Flaw::ServerTwoHasNoDisk => ctx.id() == NodeId(2),
            _ => false,
        };
        if forgets {
            for file in ctx.disk().files() {
                ctx.disk().remove(&file);
            }
        }
        self.step(ctx, |raft, ctx| raft.on_start(ctx));
        ctx.set_timer(ms(100), Wake::Look);
    }

    fn on_message(&mut self, from: NodeId, message: Message<KeyValueStore>, ctx: &mut Context<Self>) {
        if let Message::Answer { call, .. } = &message {
            self.open.remove(call);
        }
        let entries = match &message {
            Message::AppendEntries(request) => Some(request.clone()),
            _ => None,
        };
        let fits = |request: &AppendEntries<KeyValueRequest>| {
            self.raft.log().term_at(request.prev_log_index) == Some(request.prev_log_term)
        };
        if let Some(request) = entries.filter(|request| self.flaw == Flaw::SaysThatItFits && !fits(request)) {
            // It listens to its leader, as to a sign of life, and says that it has taken everything.
            let has = request.prev_log_index + request.entries.len() as u64;
            let (term, round) = (request.term, request.round);
            let sign = AppendEntries { prev_log_index: 0, prev_log_term: 0, entries: Vec::new(), leader_commit: 0, ..request };
            self.step(ctx, |raft, ctx| raft.on_message(from, Message::AppendEntries(sign), ctx));
            let result = Appended::UpTo(has);
            let reply = netsplit::consensus::raft::AppendEntriesReply { term, round, result };
            return ctx.send(from, Message::AppendEntriesReply(reply));
        }
        self.step(ctx, |raft, ctx| raft.on_message(from, message, ctx));
    }

    fn on_timer(&mut self, wake: Wake, ctx: &mut Context<Self>) {
        let Wake::Raft(timer) = wake else {
            ctx.set_timer(ms(100), Wake::Look);
            let now = ctx.now();
            let waits = |since: &Time, longer| now - *since > ms(longer);
            match self.flaw {
                Flaw::PassesOnTwice => {
                    for (call, (since, command)) in &mut self.open {
                        if let Some(leader) = self.raft.leader().filter(|id| *id != ctx.id() && waits(since, 200)) {
                            *since = now;
                            ctx.send(leader, Message::Forward { call: *call, command: command.clone() });
                        }
                    }
                }
                Flaw::RefusesWhatMayHappen => {
                    let late: Vec<CallId> =
                        self.open.iter().filter(|(_, (since, _))| waits(since, 400)).map(|(call, _)| *call).collect();
                    for call in late {
                        self.open.remove(&call);
                        ctx.refuse(call, "it takes too long");
                    }
                }
                _ => {}
            }
            return;
        };
        self.step(ctx, |raft, ctx| raft.on_timer(timer, ctx));
    }
}

impl Service for Twelve {
    type Request = KeyValueRequest;
    type Response = KeyValueResponse;

    fn on_request(&mut self, call: CallId, request: KeyValueRequest, ctx: &mut Context<Self>) {
        let (is_put, leads) = (matches!(request, KeyValueRequest::Put { .. }), self.raft.is_leader());
        let reads_own = match self.flaw {
            Flaw::LeaderReadsItsCopy => leads,
            Flaw::EverybodyReadsItsCopy => true,
            _ => false,
        };
        if let (KeyValueRequest::Get { key }, true) = (&request, reads_own) {
            let value = self.raft.machine().get(key).cloned();
            return ctx.reply(call, KeyValueResponse::Value(value));
        }
        let at_once = match self.flaw {
            Flaw::LeaderAnswersAtOnce => leads,
            Flaw::FollowerAnswersAtOnce => !leads && self.raft.leader().is_some(),
            _ => false,
        };
        if is_put && at_once {
            ctx.reply(call, KeyValueResponse::Stored);
        }
        if is_put {
            self.open.insert(call, (ctx.now(), request.clone()));
        }
        self.step(ctx, |raft, ctx| raft.on_request(call, request, ctx));
    }
}

/// The night: the servers are `n0`, `n1` and `n2`; ann asks server 0, bob server 1, eve server 2. In turn one puts a
/// number under a key and the next one gets it, every 150 ms from the first second to the fifteenth, and waits a second for an answer; after two
/// puts comes the next key: `k0`, `k1` .. The plan begins with the night. After fifteen
/// seconds everything heals, who is down begins again, and after two more seconds ann gets every key once more.
pub fn night(lab: &Lab, flaw: Flaw, plan: FaultPlan) -> Cluster<Twelve> {
    lab.set_latency(Latency::Uniform(ms(1), ms(5)));
    let servers = lab.cluster("server", 3, move |id| Twelve::new(flaw, id));
    let clients = ["ann", "bob", "eve"].iter().zip(0..);
    let clients: Vec<_> =
        clients.map(|(name, index)| servers.client_of(index).named(name).with_deadline(secs(1))).collect();
    lab.play(plan);
    lab.run_for(secs(1));
    for number in 0..93 {
        let client = &clients[number % 3];
        let key = format!("k{}", number / 4);
        match number % 2 {
            0 => client.put(&key, number as i64),
            _ => client.get(&key),
        };
        lab.run_for(ms(150));
    }
    lab.heal_all();
    for index in 0..3 {
        if !servers.is_up(index) {
            servers.restart(index);
        }
    }
    lab.run_for(secs(2));
    for key in 0..24 {
        clients[0].get(&format!("k{key}"));
        lab.run_for(ms(50));
    }
    servers
}

/// What the clients saw and could not have seen of one store.
pub fn damage(servers: &Cluster<Twelve>) -> Option<String> {
    let verdict = servers.history().check(linearizable(spec::KeyValue));
    (!verdict.holds()).then(|| verdict.violations().join("; "))
}

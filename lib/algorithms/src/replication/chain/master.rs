//! The master of a chain: who is in it, in which order. It is what the paper leaves to a service of its own, itself replicated.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use netsplit_node::{CallId, Context, Inspection, Node, NodeId, Service, Time};

use super::Config;
use crate::Storable;

/// Who is in the chain.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Chain {
    /// Grows with every change: what servers send each other in an earlier one is ignored.
    pub epoch: u64,
    /// From the head to the tail; nobody before the first servers were heard.
    pub servers: Vec<NodeId>,
    /// Who copies the tail's history, to become the tail after it.
    pub joining: Option<NodeId>,
}

impl Chain {
    /// Takes the updates.
    pub fn head(&self) -> Option<NodeId> {
        self.servers.first().copied()
    }

    /// Answers the queries.
    pub fn tail(&self) -> Option<NodeId> {
        self.servers.last().copied()
    }

    /// Whether it is in the chain; who is joining is not.
    pub fn has(&self, server: NodeId) -> bool {
        self.servers.contains(&server)
    }

    /// To whom `server` sends updates on: the next, or after the tail who is joining.
    pub fn after(&self, server: NodeId) -> Option<NodeId> {
        self.with_joining().skip_while(|&it| it != server).nth(1)
    }

    /// From whom `server` takes updates.
    pub fn before(&self, server: NodeId) -> Option<NodeId> {
        self.with_joining()
            .take_while(|&it| it != server)
            .last()
            .filter(|_| self.with_joining().any(|it| it == server))
    }

    fn with_joining(&self) -> impl Iterator<Item = NodeId> {
        self.servers.iter().copied().chain(self.joining)
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers: Vec<String> = self.servers.iter().map(NodeId::to_string).collect();
        write!(f, "e{} {}", self.epoch, servers.join(" > "))?;
        self.joining.map_or(Ok(()), |joining| write!(f, ", {joining} joins"))
    }
}

/// What a server tells the master, again and again: it is there.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Heartbeat {
    /// Who.
    pub from: NodeId,
    /// Of which chain it knows.
    pub epoch: u64,
    /// Whether it has all that its predecessor in that chain had.
    pub is_whole: bool,
}

impl fmt::Debug for Heartbeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is here, in e{}", self.from, self.epoch)
    }
}

/// What wakes the master.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Look {
    /// Time to see who is silent.
    Look,
}

/// The master.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ChainMaster {
    config: Config,
    /// Persistent. Invariant: on the disk before a server is told of it.
    chain: Chain,
    /// Persistent: the servers of the chain that are known to have all that was acknowledged. Who has just become the tail may still lack what the old one
    /// acknowledged before it knew.
    whole: BTreeSet<NodeId>,
    /// Volatile: when each server was heard last, by its oscillator.
    heard: BTreeMap<NodeId, Time>,
    /// Volatile: since when it listens.
    since: Time,
}

impl Node for ChainMaster {
    type Message = ();
    type Timer = Look;

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        self.recover(ctx);
    }

    fn on_timer(&mut self, Look::Look: Look, ctx: &mut Context<Self>) {
        self.remove_silent(ctx);
    }

    /// The chain.
    fn inspect(&self) -> Inspection {
        Inspection::new().role("master").field("chain", &self.chain)
    }
}

impl Service for ChainMaster {
    type Request = Heartbeat;
    type Response = Chain;

    fn on_request(&mut self, call: CallId, heartbeat: Heartbeat, ctx: &mut Context<Self>) {
        self.heard.insert(heartbeat.from, ctx.monotonic());
        self.admit(heartbeat, ctx);
        ctx.reply(call, self.chain.clone());
    }
}

impl ChainMaster {
    /// A master that was told the same as its servers.
    pub fn new(config: Config) -> ChainMaster {
        assert!(config.lease < config.suspect_after, "a lease must end before its server is taken for gone");
        ChainMaster {
            config,
            chain: Chain::default(),
            whole: BTreeSet::new(),
            heard: BTreeMap::new(),
            since: Time::ZERO,
        }
    }

    /// The chain as it is now.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The first servers make the chain; later ones come in at its end, one after the other, each once it has what the tail has.
    fn admit(&mut self, Heartbeat { from, epoch, is_whole }: Heartbeat, ctx: &mut Context<Self>) {
        let mut next = self.chain.clone();
        let is_whole = is_whole && epoch == self.chain.epoch;
        if self.chain.epoch == 0 && self.heard.len() >= self.config.servers {
            next.servers = self.heard.keys().copied().collect();
            self.whole.extend(&next.servers);
        } else if self.chain.joining == Some(from) && is_whole {
            next.servers.push(from);
            next.joining = None;
        } else if self.chain.has(from) && is_whole && !self.whole.contains(&from) {
            self.whole.insert(from);
            return self.persist(ctx);
        } else if self.chain.epoch > 0 && !self.chain.has(from) && self.chain.joining.is_none() {
            next.joining = Some(from);
        } else {
            return;
        }
        self.change(next, ctx);
    }

    /// Takes out who was silent for too long. One that has all that was acknowledged must be left: if none is, it is waited for.
    fn remove_silent(&mut self, ctx: &mut Context<Self>) {
        let (now, chain) = (ctx.monotonic(), &self.chain);
        let last_heard = |server: &NodeId| self.heard.get(server).copied().unwrap_or(self.since);
        let is_there = |server: &NodeId| now - last_heard(server) <= self.config.suspect_after;
        let servers: Vec<NodeId> = chain.servers.iter().copied().filter(is_there).collect();
        let one_is_whole = servers.iter().any(|server| self.whole.contains(server));
        let next = Chain { epoch: chain.epoch, servers, joining: chain.joining.filter(is_there) };
        if one_is_whole && next != self.chain {
            self.change(next, ctx);
        }
        ctx.set_timer(self.config.suspect_after / 4, Look::Look);
    }

    fn change(&mut self, next: Chain, ctx: &mut Context<Self>) {
        self.chain = Chain { epoch: self.chain.epoch + 1, ..next };
        self.whole.retain(|server| self.chain.servers.contains(server));
        ctx.note(format!("chain {:?}", self.chain));
        self.persist(ctx);
    }

    fn persist(&self, ctx: &mut Context<Self>) {
        let Chain { epoch, servers, joining } = &self.chain;
        let kept = (*epoch, (servers.clone(), (*joining, self.whole.clone())));
        ctx.disk().write("chain", kept.to_bytes());
        ctx.disk().sync();
    }

    /// At the beginning and after a crash. Who was heard is forgotten, so nobody is taken for gone before it could have been heard again.
    fn recover(&mut self, ctx: &mut Context<Self>) {
        if let Some(bytes) = ctx.disk().read("chain") {
            let (epoch, (servers, (joining, whole))) = Storable::from_bytes(&bytes)
                .expect("the disk is whole: a node does not run on a damaged one");
            self.chain = Chain { epoch, servers, joining };
            self.whole = whole;
        }
        self.since = ctx.monotonic();
        ctx.set_timer(self.config.suspect_after, Look::Look);
    }
}

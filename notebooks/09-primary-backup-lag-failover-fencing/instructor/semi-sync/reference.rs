//! The answer to `semi-sync` as it should be.
// answer: semi-sync
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Shipment {
    /// From the primary: what stands in its log from this place on.
    Entries { start: usize, entries: Vec<(String, u64)> },
    /// From a backup: so much of it is on my disk.
    Have(usize),
}

#[derive(Clone, Debug, Default)]
struct SyncReplica {
    log: Vec<(String, u64)>,
    /// At the primary: how much each backup has.
    have: BTreeMap<NodeId, usize>,
    /// At the primary: who waits for which length.
    waiting: BTreeMap<usize, CallId>,
}

impl SyncReplica {
    fn store(&mut self, entries: &[(String, u64)], ctx: &mut Context<Self>) {
        let lines: String = entries.iter().map(|(key, value)| format!("{value} {key}\n")).collect();
        ctx.disk().append("log", lines);
        ctx.disk().sync();
        self.log.extend_from_slice(entries);
    }

    fn ship(&self, ctx: &mut Context<Self>) {
        for backup in ctx.peers() {
            let start = self.have.get(&backup).copied().unwrap_or(0).min(self.log.len());
            ctx.send(backup, Shipment::Entries { start, entries: self.log[start..].to_vec() });
        }
    }

    fn acknowledge(&mut self, ctx: &mut Context<Self>) {
        let most = self.have.values().copied().max().unwrap_or(0);
        let still = self.waiting.split_off(&(most + 1));
        for call in std::mem::replace(&mut self.waiting, still).into_values() {
            ctx.reply(call, ReplicaTold::Stored);
        }
    }
}

impl Node for SyncReplica {
    type Message = Shipment;
    type Timer = ();

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        let log = ctx.disk().read("log").unwrap_or_default();
        for line in String::from_utf8_lossy(&log).lines() {
            let Some((value, key)) = line.split_once(' ') else { continue };
            self.log.push((key.to_owned(), value.parse().unwrap_or(0)));
        }
        if ctx.peers().all(|peer| ctx.id() < peer) {
            ctx.set_timer(ms(100), ());
        }
    }

    fn on_timer(&mut self, (): (), ctx: &mut Context<Self>) {
        self.ship(ctx);
        ctx.set_timer(ms(100), ());
    }

    fn on_message(&mut self, from: NodeId, hop: Shipment, ctx: &mut Context<Self>) {
        match hop {
            Shipment::Entries { start, entries } => {
                if start <= self.log.len() {
                    let known = self.log.len() - start;
                    let new: Vec<_> = entries.into_iter().skip(known).collect();
                    if !new.is_empty() {
                        self.store(&new, ctx);
                    }
                }
                ctx.send(from, Shipment::Have(self.log.len()));
            }
            Shipment::Have(length) => {
                let known = self.have.entry(from).or_default();
                *known = length.max(*known);
                self.acknowledge(ctx);
            }
        }
    }
}

impl Service for SyncReplica {
    type Request = ReplicaAsk;
    type Response = ReplicaTold;

    fn on_request(&mut self, call: CallId, ask: ReplicaAsk, ctx: &mut Context<Self>) {
        match ask {
            ReplicaAsk::Log => ctx.reply(call, ReplicaTold::Log(self.log.clone())),
            ReplicaAsk::Put { key, value } => {
                self.store(&[(key, value)], ctx);
                self.waiting.insert(self.log.len(), call);
                self.ship(ctx);
            }
        }
    }
}

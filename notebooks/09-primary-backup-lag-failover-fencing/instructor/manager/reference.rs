//! The answer to `manager` as it should be.
// answer: manager
use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Between {
    Propose(Reign),
    Vote(u64),
    Decided(Reign),
}

#[derive(Clone, Debug)]
struct Observer {
    setup: ObserverSetup,
    /// On disk: the highest epoch in which it has voted.
    voted: u64,
    /// On disk.
    appointed: Reign,
    heard: BTreeMap<NodeId, Time>,
    proposal: Option<(Reign, BTreeSet<NodeId>)>,
}

impl Observer {
    fn new(setup: ObserverSetup) -> Observer {
        let appointed = Reign { epoch: 1, primary: setup.databases[0] };
        Observer { setup, voted: 1, appointed, heard: BTreeMap::new(), proposal: None }
    }

    fn is_silent(&self, database: NodeId, now: Time) -> bool {
        self.heard.get(&database).is_none_or(|at| now - *at > PATIENCE)
    }

    fn persist(&self, ctx: &mut Context<Self>) {
        let Reign { epoch, primary } = self.appointed;
        ctx.disk().write("observer", format!("{} {epoch} {}", self.voted, primary.0));
        ctx.disk().sync();
    }

    fn adopt(&mut self, appointed: Reign, ctx: &mut Context<Self>) {
        if appointed.epoch > self.appointed.epoch {
            // The new one has its time to be heard.
            self.heard.insert(appointed.primary, ctx.monotonic());
            (self.appointed, self.proposal) = (appointed, None);
            self.voted = self.voted.max(appointed.epoch);
            self.persist(ctx);
        }
    }

    fn count(&mut self, from: NodeId, epoch: u64, ctx: &mut Context<Self>) {
        let majority = (ctx.peers().count() + 1) / 2 + 1;
        let Some((proposed, votes)) = &mut self.proposal else { return };
        if proposed.epoch != epoch {
            return;
        }
        votes.insert(from);
        if votes.len() >= majority {
            let proposed = *proposed;
            ctx.broadcast(Between::Decided(proposed));
            self.adopt(proposed, ctx);
        }
    }

    fn look(&mut self, ctx: &mut Context<Self>) {
        let now = ctx.monotonic();
        self.proposal = None;
        let next = self.setup.databases.iter().copied().find(|it| !self.is_silent(*it, now));
        if let (true, Some(primary)) = (self.is_silent(self.appointed.primary, now), next) {
            let proposed = Reign { epoch: self.voted + 1, primary };
            self.voted = proposed.epoch;
            self.persist(ctx);
            self.proposal = Some((proposed, BTreeSet::new()));
            ctx.broadcast(Between::Propose(proposed));
            self.count(ctx.id(), proposed.epoch, ctx);
        }
        if self.appointed.epoch > 1 {
            ctx.broadcast(Between::Decided(self.appointed));
        }
        // At different times, so that observers do not split the votes again and again.
        let wait = ctx.random().between(ms(800), ms(2_500));
        ctx.set_timer(wait, ());
    }
}

impl Node for Observer {
    type Message = Between;
    type Timer = ();

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        let stored = ctx.disk().read("observer").unwrap_or_default();
        let numbers: Vec<u64> =
            String::from_utf8_lossy(&stored).split(' ').filter_map(|it| it.parse().ok()).collect();
        if let [voted, epoch, primary] = numbers[..] {
            self.voted = voted;
            self.appointed = Reign { epoch, primary: NodeId(primary as u32) };
        }
        // As if the primary had just been heard.
        self.heard.insert(self.appointed.primary, ctx.monotonic());
        ctx.set_timer(secs(2), ());
    }

    fn on_timer(&mut self, (): (), ctx: &mut Context<Self>) {
        self.look(ctx);
    }

    fn on_message(&mut self, from: NodeId, news: Between, ctx: &mut Context<Self>) {
        match news {
            Between::Decided(appointed) => self.adopt(appointed, ctx),
            Between::Vote(epoch) => self.count(from, epoch, ctx),
            Between::Propose(proposed) => {
                let misses_it = self.is_silent(self.appointed.primary, ctx.monotonic());
                if proposed.epoch > self.voted && misses_it {
                    self.voted = proposed.epoch;
                    self.persist(ctx);
                    ctx.send(from, Between::Vote(proposed.epoch));
                }
            }
        }
    }
}

impl Service for Observer {
    type Request = Beat;
    type Response = Reign;

    fn on_request(&mut self, call: CallId, heartbeat: Beat, ctx: &mut Context<Self>) {
        self.heard.insert(heartbeat.from, ctx.monotonic());
        ctx.reply(call, self.appointed);
    }
}

//! A till that charges cards: with a dedup table on its disk, without one, or closed.
#![allow(dead_code, reason = "each test binary uses its part of this")]

use std::collections::BTreeMap;

use netsplit_algorithms::Storable;
use netsplit_algorithms::idempotency::{Charge, IdempotencyKey, Receipt};
use netsplit_node::{CallId, Context, Node, Service};

/// What a till does with a key that it has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ledger {
    /// Answers what it answered before.
    Deduplicates,
    /// Charges again.
    Forgets,
    /// Refuses everything once it has charged so many, also what it has charged: it does not look.
    ClosesAfter(usize),
}

/// What was charged is on the disk: effect and table in one write.
#[derive(Clone, Debug)]
pub struct Till {
    ledger: Ledger,
    charged: BTreeMap<IdempotencyKey, u64>,
}

impl Till {
    pub fn new(ledger: Ledger) -> Till {
        Till { ledger, charged: BTreeMap::new() }
    }

    /// How often each order was charged.
    pub fn charges(&self) -> BTreeMap<IdempotencyKey, u64> {
        self.charged.clone()
    }

    pub fn most_charged(&self) -> u64 {
        self.charged.values().copied().max().unwrap_or(0)
    }
}

impl Node for Till {
    type Message = ();
    type Timer = ();

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        let bytes = ctx.disk().read("charged").unwrap_or_default();
        let mut rest = &bytes[..];
        while let Some(key) = String::load(&mut rest) {
            *self.charged.entry(IdempotencyKey::new(key)).or_insert(0) += 1;
        }
    }
}

impl Service for Till {
    type Request = Charge;
    type Response = Receipt;

    fn on_request(&mut self, call: CallId, charge: Charge, ctx: &mut Context<Self>) {
        let times = self.charged.get(&charge.key).copied().unwrap_or(0);
        match self.ledger {
            Ledger::ClosesAfter(most) if self.charged.len() >= most => return ctx.refuse(call, "closed"),
            Ledger::Deduplicates | Ledger::ClosesAfter(_) if times > 0 => {}
            _ => {
                self.charged.insert(charge.key.clone(), times + 1);
                ctx.disk().append("charged", charge.key.as_str().to_owned().to_bytes());
                ctx.disk().sync();
            }
        }
        ctx.reply(call, Receipt { number: 1, cents: charge.cents });
    }
}

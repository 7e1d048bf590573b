//! What the statement of `retry` gives: the answer and the tests both see it.

use std::collections::BTreeMap;

use netsplit::{CallId, Context, Duration, Node, Service, Time, secs};
use serde::{Deserialize, Serialize};

/// So long after a wish arrived, its answer must be there.
pub const PATIENCE: Duration = secs(10);

/// What somebody wants of the till: to pay, once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Purchase {
    /// Names the wish.
    pub key: u64,
    /// How much to take.
    pub cents: u64,
}

/// What the till tells them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TillAnswer {
    /// The bank has taken the money, and this is its receipt.
    Paid { receipt: u64 },
    /// The bank has not taken the money, and never will.
    NotPaid,
    /// Nobody at the till can say.
    Unknown,
}

/// What the till asks of the bank. Attempts with equal keys take the money once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Debit {
    pub key: u64,
    pub cents: u64,
}

/// What the bank answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum BankReply {
    /// The money is taken. Every attempt with this key gets this receipt.
    Receipt(u64),
    /// The card's limit is too low: the money is not taken, by no attempt with this key.
    Declined,
}

/// The bank: it remembers every key on its disk. While it is busy, it refuses: that one attempt takes no money.
#[derive(Clone, Debug, Default)]
pub struct CardBank {
    /// From when to when it is busy.
    pub busy: Vec<(Time, Time)>,
    /// What it has taken: by key, the receipt and the cents.
    pub taken: BTreeMap<u64, (u64, u64)>,
}

/// More than this is declined.
pub const LIMIT: u64 = 5_000;

impl Node for CardBank {
    type Message = ();
    type Timer = ();

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        let book = ctx.disk().read("book").unwrap_or_default();
        for line in String::from_utf8_lossy(&book).lines() {
            let words: Vec<u64> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
            self.taken.insert(words[0], (words[1], words[2]));
        }
    }
}

impl Service for CardBank {
    type Request = Debit;
    type Response = BankReply;

    fn on_request(&mut self, call: CallId, debit: Debit, ctx: &mut Context<Self>) {
        let now = ctx.now();
        if self.busy.iter().any(|(from, to)| (*from..*to).contains(&now)) {
            return ctx.refuse(call, "busy");
        }
        if debit.cents > LIMIT {
            return ctx.reply(call, BankReply::Declined);
        }
        let receipt = match self.taken.get(&debit.key) {
            Some((receipt, _)) => *receipt,
            None => {
                let receipt = 1_000 + self.taken.len() as u64;
                self.taken.insert(debit.key, (receipt, debit.cents));
                ctx.disk().append("book", format!("{} {receipt} {}\n", debit.key, debit.cents));
                ctx.disk().sync();
                receipt
            }
        };
        ctx.reply(call, BankReply::Receipt(receipt));
    }
}

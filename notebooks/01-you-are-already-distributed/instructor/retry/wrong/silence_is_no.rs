//! Wrong: what is not answered in time is told as not paid.
// answer: retry
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Heard {
    key: u64,
    outcome: Outcome<BankReply>,
}

#[derive(Clone, Debug)]
struct Open {
    call: CallId,
    wish: Purchase,
    since: Time,
    is_doubtful: bool,
}

#[derive(Clone, Debug)]
struct Till {
    bank: Address<CardBank>,
    open: BTreeMap<u64, Open>,
}

impl Till {
    fn new(bank: Address<CardBank>) -> Till {
        Till { bank, open: BTreeMap::new() }
    }

    fn ask(&self, wish: &Purchase, ctx: &mut Context<Self>) {
        let key = wish.key;
        let debit = Debit { key, cents: wish.cents };
        ctx.call(self.bank, debit, secs(1), move |outcome| Heard { key, outcome });
    }

    fn tell(&mut self, key: u64, told: TillAnswer, ctx: &mut Context<Self>) {
        if let Some(open) = self.open.remove(&key) {
            ctx.reply(open.call, told);
        }
    }
}

impl Service for Till {
    type Request = Purchase;
    type Response = TillAnswer;

    fn on_request(&mut self, call: CallId, wish: Purchase, ctx: &mut Context<Self>) {
        self.ask(&wish, ctx);
        let open = Open { call, wish: wish.clone(), since: ctx.now(), is_doubtful: false };
        self.open.insert(wish.key, open);
    }
}

impl Node for Till {
    type Message = Heard;
    type Timer = u64;

    fn on_message(&mut self, _bank: NodeId, heard: Heard, ctx: &mut Context<Self>) {
        let key = heard.key;
        let Some(open) = self.open.get_mut(&key) else { return };
        match heard.outcome {
            Outcome::Ok(BankReply::Receipt(receipt)) => {
                return self.tell(key, TillAnswer::Paid { receipt }, ctx);
            }
            Outcome::Ok(BankReply::Declined) => return self.tell(key, TillAnswer::NotPaid, ctx),
            Outcome::Fail(_) => {}
            Outcome::Unknown => return self.tell(key, TillAnswer::NotPaid, ctx),
        }
        // One more attempt has to end before the patience does.
        if ctx.now() - open.since < PATIENCE - secs(2) {
            return ctx.set_timer(ms(200), key);
        }
        // Nothing is under way any more. A refusal of the last attempt says nothing about those that nobody answered.
        let told = if open.is_doubtful { TillAnswer::Unknown } else { TillAnswer::NotPaid };
        self.tell(key, told, ctx);
    }

    fn on_timer(&mut self, key: u64, ctx: &mut Context<Self>) {
        if let Some(open) = self.open.get(&key) {
            self.ask(&open.wish, ctx);
        }
    }
}

//! The answer to `snapshot` as it should be.
// answer: snapshot
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Message {
    Money(u64),
    /// What comes after this on this channel is not in the snapshot, which is this one's.
    Marker(NodeId),
    /// To whoever began: what was recorded here.
    Recorded(Part),
}

#[derive(Clone, Debug)]
struct Branch {
    balance: u64,
    sent: BTreeMap<u32, u64>,
    received: BTreeMap<u32, u64>,
    recording: Option<Recording>,
    /// Of a snapshot that began here: who waits for it, and what has come.
    collecting: Option<(CallId, Vec<Part>)>,
}

#[derive(Clone, Debug)]
struct Recording {
    by: NodeId,
    part: Part,
    /// The channels whose marker has not come.
    open: BTreeSet<NodeId>,
}

impl Default for Branch {
    fn default() -> Branch {
        Branch {
            balance: OPENING,
            sent: BTreeMap::new(),
            received: BTreeMap::new(),
            recording: None,
            collecting: None,
        }
    }
}

impl Branch {
    fn record(&mut self, by: NodeId, ctx: &mut Context<Self>) {
        let part = Part {
            branch: ctx.id().0,
            balance: self.balance,
            sent: self.sent.clone(),
            received: self.received.clone(),
            under_way: BTreeMap::new(),
        };
        self.recording = Some(Recording { by, part, open: ctx.peers().collect() });
        ctx.broadcast(Message::Marker(by));
    }

    fn take_money(&mut self, from: NodeId, cents: u64) {
        self.balance += cents;
        *self.received.entry(from.0).or_default() += 1;
        if let Some(recording) = &mut self.recording
            && recording.open.contains(&from)
        {
            recording.part.under_way.entry(from.0).or_default().push(cents);
        }
    }

    fn take_marker(&mut self, from: NodeId, by: NodeId, ctx: &mut Context<Self>) {
        if self.recording.is_none() {
            self.record(by, ctx);
        }
        if let Some(recording) = &mut self.recording {
            recording.open.remove(&from);
        }
        self.end_if_closed(ctx);
    }

    fn end_if_closed(&mut self, ctx: &mut Context<Self>) {
        let Some(recording) = self.recording.take_if(|it| it.open.is_empty()) else { return };
        if recording.by == ctx.id() {
            self.collect(recording.part, ctx);
        } else {
            ctx.send(recording.by, Message::Recorded(recording.part));
        }
    }

    fn collect(&mut self, part: Part, ctx: &mut Context<Self>) {
        let Some((call, parts)) = &mut self.collecting else { return };
        parts.push(part);
        if parts.len() == ctx.peers().len() + 1 {
            ctx.reply(*call, BankTold::Snapshot(parts.clone()));
            self.collecting = None;
        }
    }
}

impl Node for Branch {
    type Message = Message;
    type Timer = ();

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Self>) {
        match message {
            Message::Money(cents) => self.take_money(from, cents),
            Message::Marker(by) => self.take_marker(from, by, ctx),
            Message::Recorded(part) => self.collect(part, ctx),
        }
    }
}

impl Service for Branch {
    type Request = BankAsk;
    type Response = BankTold;

    fn on_request(&mut self, call: CallId, ask: BankAsk, ctx: &mut Context<Self>) {
        match ask {
            BankAsk::Send { cents, .. } if cents > self.balance => ctx.refuse(call, "not so much"),
            BankAsk::Send { to, cents } => {
                self.balance -= cents;
                *self.sent.entry(to.0).or_default() += 1;
                ctx.send(to, Message::Money(cents));
                ctx.reply(call, BankTold::Sent);
            }
            BankAsk::Snapshot => {
                self.collecting = Some((call, Vec::new()));
                self.record(ctx.id(), ctx);
                self.end_if_closed(ctx);
            }
        }
    }
}

//! Wrong: each sender's messages are in order, and nothing else is looked at.
// answer: causal-broadcast
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Of each node: how many of its messages were shown.
type Counts = BTreeMap<NodeId, u64>;

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Message {
    /// A line, its number among its sender's (from 1), and what its sender had shown before.
    Say { number: u64, seen: Counts, line: Line },
    /// So much is shown here.
    Shown(Counts),
}

#[derive(Clone, Debug, Default)]
struct Chat {
    shown: Vec<Line>,
    counts: Counts,
    /// What waits for its causes, by sender and number: at most a window of each sender.
    waiting: BTreeMap<(NodeId, u64), (Counts, Line)>,
    /// Own messages that somebody may not show.
    under_way: BTreeMap<u64, (Counts, Line)>,
    shown_at: BTreeMap<NodeId, Counts>,
}

fn count(counts: &Counts, node: NodeId) -> u64 {
    counts.get(&node).copied().unwrap_or(0)
}

impl Chat {
    fn say(&mut self, text: String, ctx: &mut Context<Self>) {
        let line = Line { by: ctx.id(), text };
        let seen = self.counts.clone();
        let number = count(&seen, ctx.id()) + 1;
        self.show(line.clone());
        self.under_way.insert(number, (seen.clone(), line.clone()));
        ctx.broadcast(Message::Say { number, seen, line });
        ctx.set_timer(ms(100), ());
    }

    fn show(&mut self, line: Line) {
        *self.counts.entry(line.by).or_default() += 1;
        self.shown.push(line);
    }

    fn show_what_may_be_shown(&mut self) {
        let is_next =
            |counts: &Counts, (by, number): (NodeId, u64), seen: &Counts| number == count(counts, by) + 1;
        while let Some(&key) = self
            .waiting
            .iter()
            .find(|(key, (seen, _))| is_next(&self.counts, **key, seen))
            .map(|(key, _)| key)
        {
            if let Some((_, line)) = self.waiting.remove(&key) {
                self.show(line);
            }
        }
    }

    fn forget_what_is_shown_everywhere(&mut self, ctx: &Context<Self>) {
        let me = ctx.id();
        let everywhere = ctx.peers().map(|peer| self.shown_at.get(&peer).map_or(0, |it| count(it, me)));
        let everywhere = everywhere.min().unwrap_or(u64::MAX);
        self.under_way.retain(|&number, _| number > everywhere);
    }
}

impl Node for Chat {
    type Message = Message;
    type Timer = ();

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Self>) {
        match message {
            Message::Say { number, seen, line } => {
                if number > count(&self.counts, from) {
                    self.waiting.insert((from, number), (seen, line));
                }
                self.show_what_may_be_shown();
                ctx.broadcast(Message::Shown(self.counts.clone()));
            }
            Message::Shown(counts) => {
                let known = self.shown_at.entry(from).or_default();
                for (node, count) in counts {
                    let before = known.entry(node).or_default();
                    *before = count.max(*before);
                }
                self.forget_what_is_shown_everywhere(ctx);
            }
        }
    }

    fn on_timer(&mut self, _: (), ctx: &mut Context<Self>) {
        for (&number, (seen, line)) in &self.under_way {
            ctx.broadcast(Message::Say { number, seen: seen.clone(), line: line.clone() });
        }
        if !self.under_way.is_empty() {
            ctx.set_timer(ms(100), ());
        }
    }
}

impl Service for Chat {
    type Request = Ask;
    type Response = Told;

    fn on_request(&mut self, call: CallId, ask: Ask, ctx: &mut Context<Self>) {
        match ask {
            Ask::Read => ctx.reply(call, Told::Shown(self.shown.clone())),
            Ask::Say(_) if self.under_way.len() >= WINDOW => ctx.refuse(call, "too much is under way"),
            Ask::Say(text) => {
                self.say(text, ctx);
                ctx.reply(call, Told::Said);
            }
        }
    }
}

//! Runs written down by hand, as a world would have recorded them.

use netsplit_node::trace::{Cargo, Event, EventId, EventKind, Lifeline, OutcomeKind, Participant};
use netsplit_node::{Duration, Inspection, NodeId, Time, Trace, TraceHash, ms, secs, us};

/// A trace in the making: events happen at the moment that was set last.
pub struct Recording {
    trace: Trace,
    now: Time,
}

impl Recording {
    /// A world of these nodes and these clients, numbered in this order.
    pub fn of(seed: u64, nodes: &[&str], clients: &[&str]) -> Recording {
        let kinds = nodes.iter().map(|name| (name, Participant::Node));
        let kinds = kinds.chain(clients.iter().map(|name| (name, Participant::Client)));
        let lifelines = kinds.zip(0..).map(|((name, kind), id)| Lifeline {
            id: NodeId(id),
            name: name.to_string(),
            kind,
            state: None,
        });
        let trace = Trace {
            seed,
            lifelines: lifelines.collect(),
            events: Vec::new(),
            states: vec![],
            omitted: 0,
            until: Time::ZERO,
            hash: TraceHash(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)),
        };
        Recording { trace, now: Time::ZERO }
    }

    pub fn at(&mut self, since_start: Duration) -> &mut Recording {
        self.now = Time::ZERO + since_start;
        self
    }

    pub fn happens(&mut self, kind: EventKind) -> EventId {
        let id = EventId(self.trace.events.len() as u64);
        self.trace.events.push(Event { id, time: self.now, cause: None, kind });
        id
    }

    pub fn start_all(&mut self) {
        for line in self.trace.lifelines.clone() {
            if line.kind == Participant::Node {
                self.happens(EventKind::Started { node: line.id, again: false });
            }
        }
    }

    pub fn send(&mut self, from: u32, to: u32, text: &str) -> EventId {
        self.carry(from, to, Cargo::Message, text)
    }

    pub fn ask(&mut self, from: u32, to: u32, text: &str) -> EventId {
        self.carry(from, to, Cargo::Request, text)
    }

    pub fn answer(&mut self, from: u32, to: u32, text: &str) -> EventId {
        self.carry(from, to, Cargo::Response, text)
    }

    fn carry(&mut self, from: u32, to: u32, cargo: Cargo, text: &str) -> EventId {
        self.happens(EventKind::Sent { from: NodeId(from), to: NodeId(to), cargo, text: text.to_owned() })
    }

    fn ends(&self, message: EventId) -> (NodeId, NodeId) {
        match &self.trace.events[message.0 as usize].kind {
            EventKind::Sent { from, to, .. } => (*from, *to),
            other => panic!("{message:?} is no message but {other:?}"),
        }
    }

    pub fn receive(&mut self, message: EventId) {
        let (from, node) = self.ends(message);
        self.happens(EventKind::Received { node, from, message });
    }

    pub fn lose(&mut self, message: EventId, reason: &str) {
        let (from, to) = self.ends(message);
        self.happens(EventKind::Lost { from, to, message, reason: reason.to_owned() });
    }

    pub fn invoke(&mut self, client: u32, text: &str) -> EventId {
        self.happens(EventKind::Invoked { client: NodeId(client), text: text.to_owned() })
    }

    pub fn return_to(&mut self, client: u32, operation: EventId, outcome: OutcomeKind, text: &str) {
        let (client, text) = (NodeId(client), text.to_owned());
        self.happens(EventKind::Returned { client, operation, outcome, text });
    }

    pub fn timer(&mut self, node: u32, text: &str) {
        self.happens(EventKind::TimerFired { node: NodeId(node), text: text.to_owned() });
    }

    pub fn note(&mut self, node: u32, text: &str) {
        self.happens(EventKind::Noted { node: NodeId(node), text: text.to_owned() });
    }

    pub fn state(&mut self, node: u32, text: &str) {
        self.trace.lifelines[node as usize].state =
            Some(Inspection { text: Some(text.to_owned()), ..Inspection::default() });
    }

    pub fn cut(&mut self, cut: u32, text: &str, groups: &[&[u32]]) {
        let groups = groups.iter().map(|group| group.iter().map(|&id| NodeId(id)).collect()).collect();
        self.happens(EventKind::Cut { cut, text: text.to_owned(), groups, one_way: false });
    }

    /// What the first group sends to the second is lost.
    pub fn cut_one_way(&mut self, cut: u32, text: &str, from: &[u32], to: &[u32]) {
        let groups = [from, to].map(|group| group.iter().map(|&id| NodeId(id)).collect()).into();
        self.happens(EventKind::Cut { cut, text: text.to_owned(), groups, one_way: true });
    }

    pub fn finish(mut self, until: Duration) -> Trace {
        self.trace.until = Time::ZERO + until;
        self.trace
    }
}

/// Two nodes, one message, one answer.
pub fn greeting() -> Trace {
    let mut run = Recording::of(42, &["ann", "bob"], &[]);
    run.start_all();
    let hello = run.send(0, 1, "\"hello\"");
    run.at(us(1204)).receive(hello);
    let back = run.send(1, 0, "\"hello yourself\"");
    run.at(us(2731)).receive(back);
    run.state(0, "Greeter { heard: 1 }");
    run.state(1, "Greeter { heard: 1 }");
    run.finish(secs(1))
}

/// The answer is lost, the client asks again, and the charge is made twice.
pub fn lost_reply() -> Trace {
    let mut run = Recording::of(7, &["payments 0"], &["ann"]);
    run.start_all();
    run.at(ms(1));
    let call = run.invoke(1, "Charge { order: 17, cents: 4200 }");
    let first = run.ask(1, 0, "Charge { order: 17, cents: 4200 }");
    run.at(us(2310)).receive(first);
    run.note(0, "charged order 17");
    let answer = run.answer(0, 1, "Ok(Receipt(1))");
    run.lose(answer, "lost by the network");
    run.at(ms(101)).timer(1, "no answer in time: asks again");
    let second = run.ask(1, 0, "Charge { order: 17, cents: 4200 }");
    run.at(us(102_450)).receive(second);
    run.note(0, "charged order 17");
    let answer = run.answer(0, 1, "Ok(Receipt(2))");
    run.at(us(103_900)).receive(answer);
    run.return_to(1, call, OutcomeKind::Ok, "Ok(Receipt(2))");
    run.state(0, "Payments { charged: [17, 17] }");
    run.finish(ms(200))
}

/// A store that answers from its own copy, cut in two and healed; bob reads what is old.
pub fn partition() -> Trace {
    let mut run = Recording::of(42, &["store 0", "store 1", "store 2"], &["ann", "bob"]);
    run.start_all();
    run.at(ms(1)).cut(0, "store 0 | store 1, store 2", &[&[0], &[1, 2]]);
    run.at(ms(2));
    let put = run.invoke(3, "put x = 1");
    let request = run.ask(3, 0, "put x = 1");
    run.at(us(3100)).receive(request);
    for peer in [1, 2] {
        let copy = run.send(0, peer, "Copy { key: \"x\", value: 1 }");
        run.lose(copy, "the link is cut");
    }
    let answer = run.answer(0, 3, "Ok(stored)");
    run.at(us(4250)).receive(answer);
    run.return_to(3, put, OutcomeKind::Ok, "Ok(stored)");
    run.at(us(5000));
    let get = run.invoke(4, "get x");
    let request = run.ask(4, 2, "get x");
    run.at(us(6020)).receive(request);
    let answer = run.answer(2, 4, "Ok(nothing)");
    run.at(us(7400)).receive(answer);
    run.return_to(4, get, OutcomeKind::Ok, "Ok(nothing)");
    run.at(ms(1000)).happens(EventKind::Healed { cut: 0 });
    run.at(ms(1001));
    let put = run.invoke(3, "put x = 2");
    let request = run.ask(3, 0, "put x = 2");
    run.at(us(1_002_200)).receive(request);
    let copies = [1, 2].map(|peer| run.send(0, peer, "Copy { key: \"x\", value: 2 }"));
    let answer = run.answer(0, 3, "Ok(stored)");
    run.at(us(1_003_100)).receive(copies[0]);
    run.at(us(1_003_300)).receive(answer);
    run.return_to(3, put, OutcomeKind::Ok, "Ok(stored)");
    run.at(us(1_004_000)).receive(copies[1]);
    for (node, value) in [(0, 2), (1, 2), (2, 2)] {
        run.state(node, &format!("EagerStore {{ copy: {{\"x\": {value}}} }}"));
    }
    run.finish(secs(2))
}

/// A store copies a write to its peer, and the copy arrives or is lost: two runs that part in the middle.
pub fn copying(lost: bool) -> Trace {
    let mut run = Recording::of(if lost { 7 } else { 6 }, &["store 0", "store 1"], &["ann", "bob"]);
    run.start_all();
    run.at(ms(1));
    let put = run.invoke(2, "put x = 1");
    let request = run.ask(2, 0, "put x = 1");
    run.at(us(2200)).receive(request);
    let copy = run.send(0, 1, "Copy x = 1");
    if lost {
        run.lose(copy, "loss");
    }
    let answer = run.answer(0, 2, "Ok(stored)");
    if !lost {
        run.at(us(3400)).receive(copy);
    }
    run.at(us(3900)).receive(answer);
    run.return_to(2, put, OutcomeKind::Ok, "Ok(stored)");
    run.at(ms(6));
    let get = run.invoke(3, "get x");
    let request = run.ask(3, 1, "get x");
    run.at(us(7300)).receive(request);
    let read = if lost { "Ok(nothing)" } else { "Ok(1)" };
    let answer = run.answer(1, 3, read);
    run.at(us(8500)).receive(answer);
    run.return_to(3, get, OutcomeKind::Ok, read);
    run.finish(ms(10))
}

/// What changes about the whole world: a rule begins and ends, a latency changes.
pub fn rules() -> Trace {
    let mut run = Recording::of(5, &["store 0", "store 1"], &[]);
    run.start_all();
    run.happens(EventKind::Changed { text: "a message takes 1ms".into() });
    let text = "delays messages to store 1 by 3ms";
    run.at(us(500)).happens(EventKind::RuleBegan { rule: 0, text: text.into() });
    run.at(us(1000));
    let slow = run.send(0, 1, "copy");
    run.at(us(5000)).receive(slow);
    run.at(us(6000)).happens(EventKind::RuleEnded { rule: 0, text: text.into() });
    let fast = run.send(1, 0, "done");
    run.at(us(7000)).receive(fast);
    run.finish(ms(8))
}

/// What was not synced is lost: a node answers, crashes, restarts, and knows nothing of it.
pub fn crash() -> Trace {
    let mut run = Recording::of(3, &["log 0"], &["ann", "bob"]);
    run.start_all();
    let wrote = |run: &mut Recording| {
        run.happens(EventKind::Wrote { node: NodeId(0), file: "entries".into() });
    };
    run.at(ms(1));
    let call = run.invoke(1, "append \"a\"");
    let request = run.ask(1, 0, "append \"a\"");
    run.at(us(2200)).receive(request);
    wrote(&mut run);
    run.at(us(3200)).happens(EventKind::Synced { node: NodeId(0) });
    let answer = run.answer(0, 1, "Ok(at 0)");
    run.at(us(4400)).receive(answer);
    run.return_to(1, call, OutcomeKind::Ok, "Ok(at 0)");
    run.at(ms(6));
    let call = run.invoke(2, "append \"b\"");
    let request = run.ask(2, 0, "append \"b\"");
    run.at(us(7100)).receive(request);
    wrote(&mut run);
    let answer = run.answer(0, 2, "Ok(at 1)");
    run.happens(EventKind::Crashed { node: NodeId(0), reason: "crashes in the middle of a step".into() });
    run.at(us(8300)).receive(answer);
    run.return_to(2, call, OutcomeKind::Ok, "Ok(at 1)");
    run.at(ms(9));
    let call = run.invoke(1, "read all");
    let request = run.ask(1, 0, "read all");
    run.at(us(10_150)).lose(request, "the receiver is down");
    run.at(ms(59)).timer(1, "no answer in time: gives up");
    run.return_to(1, call, OutcomeKind::Unknown, "Unknown");
    run.at(ms(80)).happens(EventKind::Started { node: NodeId(0), again: true });
    run.note(0, "1 entry found on disk");
    run.at(ms(81));
    let call = run.invoke(1, "read all");
    let request = run.ask(1, 0, "read all");
    run.at(us(82_100)).receive(request);
    let answer = run.answer(0, 1, "Ok([\"a\"])");
    run.at(us(83_050)).receive(answer);
    run.return_to(1, call, OutcomeKind::Ok, "Ok([\"a\"])");
    run.state(0, "Log { entries: [\"a\"] }");
    run.finish(ms(100))
}

/// One node tells seven others, and all of them answer; times are scattered.
pub fn broadcast() -> Trace {
    let names: Vec<String> = (0..8).map(|number| format!("replica {number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut run = Recording::of(11, &names, &[]);
    run.start_all();
    let prepares: Vec<EventId> = (1..8).map(|peer| run.send(0, peer, "Prepare { ballot: 3 }")).collect();
    let mut arrivals: Vec<(i64, EventId, bool)> = prepares
        .iter()
        .zip([1310, 1120, 1890, 1450, 2210, 1620, 1075])
        .map(|(&id, at)| (at, id, false))
        .collect();
    let mut answered = 0;
    while let Some(next) = arrivals.iter().copied().min() {
        arrivals.retain(|&arrival| arrival != next);
        let (at, message, is_answer) = next;
        run.at(us(at)).receive(message);
        if !is_answer {
            let (_, node) = run.ends(message);
            let promise = run.send(node.0, 0, "Promise { ballot: 3, accepted: None }");
            arrivals.push((at + [1400, 1180, 1730, 1060, 1555, 1290, 1810][answered], promise, true));
            answered += 1;
        }
    }
    run.note(0, "a majority promised");
    run.finish(ms(5))
}

/// Texts that try to leave their place.
pub fn odd_text() -> Trace {
    let mut run = Recording::of(1, &["<b>ann</b> & \"co\"", "שלום", "日本語ノード 2"], &["🚀 client"]);
    run.start_all();
    let texts = [
        "</text><script>alert(1)</script>",
        "line one\nline two\r\n\tEVCXR_END_CONTENT",
        "שלום עולם, מה שלומך",
        "\u{202e}reversed\u{202c} and \0 nul",
        "👩\u{200d}🚀 \u{1F468}\u{1F3FD}\u{200d}💻 日本語のメッセージ",
        "a very long message that says a great deal more than anyone would ever want to read in a diagram",
    ];
    for (text, number) in texts.iter().zip(0..) {
        run.at(ms(number * 2 + 1));
        let (from, to) = [(0, 1), (1, 2), (2, 0)][number as usize % 3];
        let sent = run.send(from, to, text);
        run.at(ms(number * 2 + 2)).receive(sent);
    }
    run.note(1, "a remark with ]]> and --> and &amp; in it");
    run.at(ms(20));
    let call = run.invoke(3, "get '<x>'");
    let request = run.ask(3, 2, "get '<x>'");
    run.at(ms(21)).receive(request);
    let answer = run.answer(2, 3, "\u{feff}\u{fffe}");
    run.at(ms(22)).receive(answer);
    run.return_to(3, call, OutcomeKind::Fail, "Fail(no \"x\" & no 'y')");
    run.state(0, "Odd { text: \"<>&\\\"'\" }");
    run.finish(ms(25))
}

/// What else a world has: a pause, a doubled message, one under way, timers, overlapping calls, a failure, a second cluster.
pub fn troubles() -> Trace {
    let mut run = Recording::of(99, &["shop 0", "bank 0", "bank 1"], &["ann"]);
    run.start_all();
    run.at(ms(1));
    let buy = run.invoke(3, "Buy { item: 4 }");
    let request = run.ask(3, 0, "Buy { item: 4 }");
    run.at(ms(2)).receive(request);
    let charge = run.ask(0, 1, "Charge { cents: 999 }");
    run.happens(EventKind::Duplicated { message: charge });
    run.at(us(2500)).happens(EventKind::Paused { node: NodeId(2), until: Time::ZERO + ms(7) });
    run.at(ms(3)).receive(charge);
    run.send(1, 1, "Tick");
    let copy = run.send(1, 2, "Replicate { cents: 999 }");
    let paid = run.answer(1, 0, "Ok(Paid)");
    run.at(us(3500));
    let other = run.invoke(3, "Buy { item: 5 }");
    let refused = run.ask(3, 0, "Buy { item: 5 }");
    run.at(ms(4)).receive(paid);
    let bought = run.answer(0, 3, "Ok(Bought(4))");
    run.at(us(4200)).receive(charge);
    run.note(1, "seen before: not charged again");
    run.at(us(4600)).receive(refused);
    let sorry = run.answer(0, 3, "Fail(sold out)");
    run.at(us(5100)).receive(bought);
    run.return_to(3, buy, OutcomeKind::Ok, "Ok(Bought(4))");
    run.at(us(5700)).receive(sorry);
    run.return_to(3, other, OutcomeKind::Fail, "Fail(sold out)");
    run.at(ms(7)).receive(copy);
    for beat in [10, 20, 30] {
        run.at(ms(beat)).timer(1, "Heartbeat");
        let alive = run.send(1, 2, "Alive");
        run.at(ms(beat) + us(1200)).receive(alive);
    }
    run.at(ms(33)).timer(2, "()");
    run.send(2, 1, "Audit");
    run.invoke(3, "Buy { item: 6 }");
    run.finish(ms(34))
}

/// A long run of a gossip among many nodes, `events` events in all.
pub fn long(nodes: u32, events: usize) -> Trace {
    let names: Vec<String> = (0..nodes).map(|number| format!("node {number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut run = Recording::of(5, &names, &[]);
    run.start_all();
    let mut random = netsplit_node::Random::new(5);
    let mut under_way: Vec<(i64, EventId)> = Vec::new();
    let mut now = 0;
    while run.trace.events.len() < events {
        now += random.below(900) as i64;
        under_way.sort();
        while under_way.first().is_some_and(|(at, _)| *at <= now) {
            let (at, message) = under_way.remove(0);
            run.at(us(at)).receive(message);
        }
        let from = random.below(u64::from(nodes)) as u32;
        let to = (from + 1 + random.below(u64::from(nodes) - 1) as u32) % nodes;
        let message = run.at(us(now)).send(from, to, &format!("Gossip({now})"));
        under_way.push((now + 1000 + random.below(1000) as i64, message));
    }
    run.finish(us(now))
}

/// A one-way cut, a message that was changed, and faults on a node's line.
pub fn one_way() -> Trace {
    let mut run = Recording::of(7, &["a", "b", "c"], &[]);
    run.start_all();
    run.at(ms(1)).cut_one_way(0, "b -x-> a", &[1], &[0]);
    let ping = run.at(ms(2)).send(0, 1, "ping");
    run.at(us(3200)).receive(ping);
    let pong = run.send(1, 0, "pong");
    run.lose(pong, "the link is cut");
    run.at(ms(4)).happens(EventKind::Fault { node: NodeId(2), text: "clock-drift ppb=50000".into() });
    let number = run.at(ms(5)).send(2, 1, "7");
    run.happens(EventKind::Corrupted { message: number });
    run.at(us(6400)).receive(number);
    run.at(ms(9)).happens(EventKind::Healed { cut: 0 });
    run.finish(ms(10))
}

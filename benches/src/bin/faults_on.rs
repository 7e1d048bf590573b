//! `sim/faults_on`: five nodes that agree by majorities, write to their disks and keep leases, under a swarm nemesis with every kind of
//! fault, clocks that are disciplined, and clients that ask.
//!
//! Prints million events per second, the median over five seeds.

use netsplit::{CallId, Context, Lab, Nemesis, Node, NodeId, Service, Workload, ms, secs};
use netsplit_benches::game;

/// A leader for each term of 100 ms of the clock: it writes each request to its disk, tells all, and answers when a majority has
/// written it too.
#[derive(Clone, Debug, Default)]
struct Replica {
    written: u64,
    waiting: Vec<(CallId, u64, u32)>,
}

#[derive(Clone, Debug)]
enum Message {
    Write(u64),
    Written(u64),
}

impl Node for Replica {
    type Message = Message;
    type Timer = ();

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        self.written = ctx.disk().read("log").map_or(0, |log| log.len() as u64);
        ctx.set_timer(ms(100), ());
    }

    fn on_timer(&mut self, (): (), ctx: &mut Context<Self>) {
        if ctx.now().as_nanos() / 100_000_000 % 5 == u64::from(ctx.id().0) {
            ctx.broadcast(Message::Write(self.written));
        }
        ctx.set_timer(ms(100), ());
    }

    fn on_message(&mut self, from: NodeId, message: Message, ctx: &mut Context<Self>) {
        match message {
            Message::Write(number) => {
                ctx.disk().write("log", number.to_le_bytes());
                ctx.disk().sync();
                ctx.send(from, Message::Written(number));
            }
            Message::Written(number) => {
                for (call, waits_for, confirmed) in &mut self.waiting {
                    *confirmed += u32::from(*waits_for == number);
                    if *confirmed == 2 {
                        ctx.reply(*call, number);
                    }
                }
                self.waiting.retain(|(_, _, confirmed)| *confirmed < 2);
            }
        }
    }
}

impl Service for Replica {
    type Request = u64;
    type Response = u64;
    fn on_request(&mut self, call: CallId, number: u64, ctx: &mut Context<Self>) {
        self.written = number;
        self.waiting.push((call, number, 0));
        self.waiting.truncate(100);
        ctx.broadcast(Message::Write(number));
    }
}

fn main() {
    game::print_median("million events/s", |seed| {
        let lab = Lab::new(seed as u64);
        lab.keep_events(0);
        let replicas = lab.cluster("replica", 5, |_id| Replica::default());
        lab.discipline_clocks(replicas.all(), secs(1), ms(1));
        let patient = Workload::closed(20).with_deadline(ms(100)).with_retries(2);
        replicas.load(patient, |_random, number| number);
        lab.play(Nemesis::swarm(replicas.all()).plan(seed as u64, secs(3600)));
        game::million_events_per_second(&lab, 60)
    });
}

//! Where a crash may fall: at every byte of a write, and between any two effects of a step. And what a node sees of time.

use netsplit_node::trace::EventKind;
use netsplit_node::{CallId, Context, Node, NodeId, Random, Service, Time, hours, ms, secs, us};
use netsplit_sim::{Fault, Lab, Latency};

/// Writes a log of four records, each of its own letter and length, and syncs after the second and the third.
#[derive(Clone, Debug, Default)]
struct Logger {
    found: Vec<u8>,
}

impl Node for Logger {
    type Message = ();
    type Timer = u8;

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        self.found = ctx.disk().read("log").unwrap_or_default();
        if self.found.is_empty() {
            (0..4).for_each(|record| ctx.set_timer(ms(10 * (i64::from(record) + 1)), record));
        }
    }

    fn on_timer(&mut self, record: u8, ctx: &mut Context<Self>) {
        ctx.disk().append("log", vec![b'a' + record; usize::from(record) + 2]);
        if record == 1 || record == 2 {
            ctx.disk().sync();
        }
    }
}

#[test]
fn power_may_be_cut_at_every_byte_and_at_every_moment() {
    // At any moment (also while a sync runs), after any number of bytes: what was synced is there, and of the rest exactly the first bytes.
    let (whole, lengths) = (b"aabbbccccddddd", [2, 5, 9, 14]);
    let mut seen = std::collections::BTreeSet::new();
    for moment in [5, 15, 21, 22, 23, 25, 31, 33, 35, 45] {
        for bytes in 0..=16 {
            let lab = Lab::new(1);
            lab.set_sync_time(ms(2));
            let logger = lab.cluster("logger", 1, |_| Logger::default());
            lab.run_for(ms(moment));
            logger.crash_at_byte(0, bytes);
            logger.restart(0);
            let written = [10, 20, 30, 40].iter().filter(|at| moment >= **at).count();
            let written = written.checked_sub(1).map_or(0, |last| lengths[last]);
            let synced = if moment >= 32 {
                9
            } else if moment >= 22 {
                5
            } else {
                0
            };
            let expected = (synced + bytes as usize).min(written).max(synced);
            let found = logger.node(0).found;
            assert_eq!(found, whole[..expected], "at {moment}ms, after {bytes} bytes");
            seen.insert(found.len());
        }
    }
    assert_eq!(seen.len(), whole.len() + 1, "every length there can be");
}

/// Does some effects in one step, as a seed says.
#[derive(Clone, Debug)]
struct Busy {
    effects: Vec<u64>,
}

impl Node for Busy {
    type Message = usize;
    type Timer = ();

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        if ctx.id() == NodeId(0) {
            ctx.set_timer(ms(1), ());
        }
    }

    fn on_timer(&mut self, (): (), ctx: &mut Context<Self>) {
        for (index, effect) in self.effects.clone().into_iter().enumerate() {
            match effect {
                0 => ctx.send(NodeId(1), index),
                1 => ctx.note(format!("effect {index}")),
                2 => ctx.disk().append("log", [index as u8]),
                _ => ctx.disk().sync(),
            }
        }
    }
}

#[test]
fn a_crash_may_fall_between_any_two_effects_of_any_step() {
    // For random steps of up to eight effects: exactly the first ones happen, in order, and the node is down before the next.
    for seed in 0..60 {
        let mut random = Random::new(seed);
        let effects: Vec<u64> = (0..1 + random.below(8)).map(|_| random.below(4)).collect();
        for survive in 0..=effects.len() {
            let lab = Lab::new(seed);
            let made = effects.clone();
            let busy = lab.cluster("busy", 2, move |_| Busy { effects: made.clone() });
            lab.inject(Fault::CrashAfterEffects { node: NodeId(0), effects: survive as u32 });
            lab.run_for(secs(1));
            let happened: Vec<u64> = lab
                .trace()
                .events
                .iter()
                .filter_map(|event| match &event.kind {
                    EventKind::Sent { .. } => Some(0),
                    EventKind::Noted { .. } => Some(1),
                    EventKind::Wrote { .. } => Some(2),
                    EventKind::Synced { .. } => Some(3),
                    _ => None,
                })
                .collect();
            // A sync that has begun is an effect that happened, and ends before the crash is due.
            assert_eq!(happened, effects[..survive], "seed {seed}, {effects:?}, {survive} survive");
            assert_eq!(
                busy.is_up(0),
                survive == effects.len(),
                "seed {seed}, {effects:?}, {survive} survive"
            );
        }
    }
}

/// Notes what its clocks show, wherever it is asked.
#[derive(Clone, Debug, Default)]
struct Watcher {
    seen: Vec<(&'static str, Time, Time)>,
}

impl Watcher {
    fn look(&mut self, where_: &'static str, ctx: &Context<Self>) {
        self.seen.push((where_, ctx.now(), ctx.monotonic()));
    }
}

impl Node for Watcher {
    type Message = ();
    type Timer = ();
    fn on_start(&mut self, ctx: &mut Context<Self>) {
        self.look("start", ctx);
        ctx.set_timer(ms(100), ());
    }
    fn on_timer(&mut self, (): (), ctx: &mut Context<Self>) {
        self.look("timer", ctx);
        ctx.broadcast(());
    }
    fn on_message(&mut self, _from: NodeId, (): (), ctx: &mut Context<Self>) {
        self.look("message", ctx);
    }
}

impl Service for Watcher {
    type Request = ();
    type Response = ();
    fn on_request(&mut self, call: CallId, (): (), ctx: &mut Context<Self>) {
        self.look("request", ctx);
        ctx.reply(call, ());
    }
}

#[test]
fn a_node_sees_only_its_own_clock() {
    // One hour ahead and 10 % fast, in every handler and after a restart; its timers run by it; the others see nothing of that.
    let lab = Lab::new(1);
    lab.set_latency(Latency::Constant(ms(1)));
    let watchers = lab.cluster("watcher", 2, |_| Watcher::default());
    lab.inject(Fault::ClockDrift { nodes: watchers.nodes([1]), ppb: 100_000_000 });
    lab.inject(Fault::ClockOffset { nodes: watchers.nodes([1]), by: hours(1) });
    watchers.crash(1);
    watchers.restart(1);
    watchers.client_of(0).call(());
    watchers.client_of(1).call(());
    lab.run_for(ms(200));
    let at = |micros: i64| Time::ZERO + us(micros);
    let plain = [
        ("start", at(0), at(0)),
        ("request", at(1_000), at(1_000)),
        // 100 ms of the other's timer are 90.909 ms.
        ("message", at(91_909), at(91_909)),
        ("timer", at(100_000), at(100_000)),
    ];
    let ahead = |micros: i64| at(micros) + hours(1);
    let skewed = [
        ("start", ahead(0), at(0)),
        ("request", ahead(1_100), at(1_100)),
        ("timer", ahead(100_000), at(100_000)),
        ("message", ahead(111_100), at(111_100)),
    ];
    for (index, expected) in [plain, skewed].into_iter().enumerate() {
        let seen = watchers.node(index).seen;
        let seen: Vec<_> =
            seen.into_iter().map(|(name, now, count)| (name, rounded(now), rounded(count))).collect();
        assert_eq!(seen, expected, "watcher {index}");
    }
}

/// To the microsecond.
fn rounded(time: Time) -> Time {
    Time::from_nanos((time.as_nanos() + 500) / 1000 * 1000)
}

//! Lag, measured: a backup that applies fewer records than its primary ships.

use netsplit_node::{Context, Node, NodeId, Time, ms, ns, secs};
use netsplit_sim::{Lab, Latency};

/// The first member ships a record every millisecond until it is told to stop; the second applies them, one after the other.
#[derive(Clone, Debug, Default)]
struct Log {
    shipped: u64,
    applied: u64,
    /// When the record that was applied last was shipped.
    of: Time,
}

impl Node for Log {
    type Message = Time;
    type Timer = ();

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        if ctx.id() == NodeId(0) {
            ctx.set_timer(ms(1), ());
        }
    }

    fn on_timer(&mut self, (): (), ctx: &mut Context<Self>) {
        self.shipped += 1;
        ctx.send(NodeId(1), ctx.now());
        if ctx.now() < Time::ZERO + secs(60) {
            ctx.set_timer(ms(1), ());
        }
    }

    fn on_message(&mut self, _from: NodeId, shipped: Time, _ctx: &mut Context<Self>) {
        self.applied += 1;
        self.of = shipped;
    }
}

#[test]
fn a_backup_that_is_a_tenth_too_slow_is_seconds_behind_after_a_minute() {
    // 1,000 records a second shipped and 900 applied: 100 more wait with every second, 6,000 after a minute. What is read then is 6.0 s old, and if nothing more came it would take
    // 6.7 s to catch up.
    let lab = Lab::new(1);
    lab.keep_events(0);
    lab.set_latency(Latency::Constant(ms(1)));
    let logs = lab.cluster("log", 2, |_id| Log::default());
    logs.set_service_time(1, Latency::Constant(ns(1_111_111)));
    let waiting = || logs.node(0).shipped - logs.node(1).applied;
    lab.run_for(secs(10));
    let after_ten = waiting();
    lab.run_for(secs(50));
    let (after_sixty, age) = (waiting(), lab.now() - logs.node(1).of);
    lab.run_until(|| waiting() == 0, secs(60));
    let catching_up = lab.now() - (Time::ZERO + secs(60));
    assert!(after_ten.abs_diff(1_000) <= 5 && after_sixty.abs_diff(6_000) <= 5, "{after_ten} {after_sixty}");
    assert!((age - secs(6)).as_nanos().abs() < ms(10).as_nanos(), "{age}");
    assert!((catching_up - ms(6_667)).as_nanos().abs() < ms(10).as_nanos(), "{catching_up}");
}

//! Hybrid logical clocks: the theorems of the paper over random executions with skewed clocks, and what one wrong clock does to the others.

use netsplit_algorithms::clocks::{HappensBefore, HybridLogicalClock, HybridTimestamp};
use netsplit_node::{Context, Duration, Node, NodeId, Random, Time, ms, secs, us};
use netsplit_sim::{Cluster, Fault, Lab, Traffic};

/// What a random execution came to.
struct Run {
    order: HappensBefore,
    /// Of each event: its timestamp, what its node's physical clock showed, and the greatest reading in its past.
    events: Vec<(HybridTimestamp, Time, Time)>,
}

/// Events at `nodes` nodes whose physical clocks are wrong by up to half of `apart` each way and stand still at times; messages are lost, doubled and reordered.
fn execution(seed: u64, nodes: u64, count: usize, apart: Duration) -> Run {
    let mut random = Random::new(seed);
    let offsets: Vec<Duration> = (0..nodes).map(|_| random.between(Duration::ZERO, apart)).collect();
    let mut clocks = vec![HybridLogicalClock::default(); nodes as usize];
    let mut run = Run { order: HappensBefore::default(), events: Vec::new() };
    let (mut now, mut sent, mut known) = (Time::ZERO + secs(1), Vec::new(), vec![Time::ZERO; nodes as usize]);
    for index in 0..count {
        // Often no time passes between two events, so that the logical parts have something to do.
        now += if random.chance(0.5) { Duration::ZERO } else { random.between(us(1), us(200)) };
        let node = random.below(nodes) as usize;
        let (at, physical) = (NodeId(node as u32), now + offsets[node]);
        known[node] = known[node].max(physical);
        let stamp = match (random.below(3), random.pick(&sent)) {
            (0, Some(&message)) => {
                let (event, stamp, sender_knew): (_, HybridTimestamp, Time) = message;
                run.order.receipt(at, event);
                known[node] = known[node].max(sender_knew);
                clocks[node].receive(physical, stamp)
            }
            (1, _) => {
                let (event, stamp) = (run.order.event(at), clocks[node].send(physical));
                sent.push((event, stamp, known[node]));
                stamp
            }
            _ => {
                run.order.event(at);
                clocks[node].tick(physical)
            }
        };
        run.events.push((stamp, physical, known[node]));
        // Only recent messages are under way.
        sent.drain(..sent.len().saturating_sub(8));
        assert_eq!(run.events.len(), index + 1);
    }
    run
}

#[test]
fn theorem_1_no_effect_is_before_its_cause() {
    // "For any two events e and f, if e hb f then (l.e, c.e) < (l.f, c.f)", with clocks up to a second apart.
    for seed in 0..100 {
        let run = execution(seed, 5, 100, [ms(0), ms(1), secs(1)][seed as usize % 3]);
        for (index, event) in run.order.events().enumerate() {
            for cause in run.order.past(event) {
                let (cause, effect) = (run.events[cause.0 as usize].0, run.events[index].0);
                assert!(cause < effect, "seed {seed}: {cause} is a cause of {effect}");
            }
        }
    }
}

#[test]
fn theorems_2_and_3_a_timestamp_is_the_greatest_clock_it_knows_of() {
    // "l.f >= pt.f", and "l.f denotes the maximum clock value that f is aware of": exactly, at every one of 100,000 events.
    let (mut ahead, mut logical) = (Duration::ZERO, 0);
    for seed in 0..10 {
        let apart = ms(10);
        for (stamp, physical, known) in execution(seed, 8, 10_000, apart).events {
            assert_eq!(stamp.time, known, "seed {seed}");
            assert!(
                stamp.time >= physical && stamp.time - physical <= apart,
                "seed {seed}: {stamp} at {physical}"
            );
            ahead = ahead.max(stamp.time - physical);
            logical = logical.max(stamp.logical);
        }
    }
    // Corollary 1 (l - pt <= ε), nearly reached; and what the logical part comes to.
    assert!(ahead > ms(9), "{ahead}");
    assert_eq!(logical, 28);
}

/// Every node writes to another every 10 ms, and notes how far its clock is ahead of the physical one.
#[derive(Clone, Debug, Default)]
struct Chatter {
    clock: HybridLogicalClock,
    refuse_above: Option<Duration>,
    most_ahead: Duration,
    most_logical: u32,
    refused: u32,
}

impl Chatter {
    fn note(&mut self, now: Time, stamp: HybridTimestamp) {
        self.most_ahead = self.most_ahead.max(self.clock.ahead_of(now));
        self.most_logical = self.most_logical.max(stamp.logical);
    }
}

impl Node for Chatter {
    type Message = HybridTimestamp;
    type Timer = ();

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        ctx.set_timer(ms(10), ());
    }

    fn on_timer(&mut self, (): (), ctx: &mut Context<Self>) {
        let stamp = self.clock.send(ctx.now());
        self.note(ctx.now(), stamp);
        let peers: Vec<NodeId> = ctx.peers().collect();
        let to = *ctx.random().pick(&peers).expect("a cluster of several");
        ctx.send(to, stamp);
        ctx.set_timer(ms(10), ());
    }

    fn on_message(&mut self, _from: NodeId, sent: HybridTimestamp, ctx: &mut Context<Self>) {
        let now = ctx.now();
        let received = match self.refuse_above {
            Some(most) => self.clock.accept(now, sent, most),
            None => Ok(self.clock.receive(now, sent)),
        };
        match received {
            Ok(stamp) => self.note(now, stamp),
            Err(_) => self.refused += 1,
        }
    }
}

/// Four of them for ten seconds, with clocks up to 5 ms apart; after two, clock 0 jumps ahead by a second.
fn a_clock_jumps(refuse_above: Option<Duration>) -> (Lab, Cluster<Chatter>) {
    let lab = Lab::new(3);
    let chatters = lab.cluster("chatter", 4, move |_id| Chatter { refuse_above, ..Chatter::default() });
    lab.lose(0.2, Traffic::all());
    for index in 0..4 {
        lab.inject(Fault::ClockOffset { nodes: chatters.nodes([index]), by: us(1_600) * index as i64 });
    }
    lab.run_for(secs(2));
    for index in 0..4 {
        assert!(chatters.node(index).most_ahead <= ms(5), "before the jump, within ε");
    }
    lab.inject(Fault::ClockJump { nodes: chatters.nodes([0]), by: secs(1) });
    lab.run_for(secs(8));
    (lab, chatters)
}

#[test]
fn one_clock_that_jumps_takes_all_others_with_it() {
    // The bound l - pt <= ε turns red at every node; the logical parts absorb what the physical clocks do not give.
    let (_lab, chatters) = a_clock_jumps(None);
    for index in 1..4 {
        let node = chatters.node(index);
        assert!(node.most_ahead > ms(900) && node.most_ahead <= secs(1) + ms(5), "{node:?}");
    }
}

#[test]
fn a_clock_that_refuses_the_future_stays_within_its_bound() {
    // With a maximum offset of 500 ms, the node that jumped is not believed, and the others stay together.
    let (_lab, chatters) = a_clock_jumps(Some(ms(500)));
    for index in 1..4 {
        let node = chatters.node(index);
        assert!(node.most_ahead <= ms(5) && node.refused > 100, "{node:?}");
    }
}

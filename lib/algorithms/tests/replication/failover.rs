//! The failover manager: the 43 seconds of GitHub's cut under three policies, seeded fault plans, and small instances explored.

use netsplit_algorithms::replication::failover::{
    Appointed, Candidates, Config, FailoverManager, Heartbeat, Message, OneAppointmentPerEpoch,
};
use netsplit_algorithms::replication::fencing_token::{
    FencedStore, Fencing, FencingToken, SingleWriter, write,
};
use netsplit_node::{Address, Context, Duration, KeyValueResponse, Node, NodeId, Outcome, mins, ms, secs};
use netsplit_sim::explore::{Network, Nodes, explore};
use netsplit_sim::{Cluster, Lab};

use crate::faults::{crash_recovery_plan, golden, progress_seen_within, run_for, survives};

/// A database that tells all observers that it is there, and writes, in its epoch, while it believes that it is the primary.
#[derive(Clone, Debug)]
struct Site {
    observers: Vec<Address<FailoverManager>>,
    store: Option<Address<FencedStore>>,
    every: Duration,
    appointed: Appointed,
    /// How many writes it has taken in each epoch.
    taken: Vec<(u64, u32)>,
}

#[derive(Clone, Debug)]
enum Told {
    Observer(Outcome<Appointed>),
    Store,
}

impl Node for Site {
    type Message = Told;
    type Timer = ();

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        ctx.set_timer(self.every, ());
    }

    fn on_timer(&mut self, (): (), ctx: &mut Context<Self>) {
        let heartbeat = Heartbeat {
            from: ctx.id(),
            position: self.taken.iter().map(|&(_, count)| u64::from(count)).sum(),
        };
        for observer in self.observers.clone() {
            ctx.call(observer, heartbeat, self.every, Told::Observer);
        }
        if self.appointed.primary == ctx.id() {
            match self.taken.last_mut().filter(|(epoch, _)| *epoch == self.appointed.epoch) {
                Some((_, count)) => *count += 1,
                None => self.taken.push((self.appointed.epoch, 1)),
            }
            if let Some(store) = self.store {
                ctx.call(
                    store,
                    write(FencingToken(self.appointed.epoch), "x", ctx.id().0 as i64),
                    self.every,
                    |_: Outcome<KeyValueResponse>| Told::Store,
                );
            }
        }
        ctx.set_timer(self.every, ());
    }

    fn on_message(&mut self, _from: NodeId, told: Told, _ctx: &mut Context<Self>) {
        if let Told::Observer(Outcome::Ok(appointed)) = told
            && appointed.epoch > self.appointed.epoch
        {
            self.appointed = appointed;
        }
    }
}

struct World {
    lab: Lab,
    observers: Cluster<FailoverManager>,
    sites: Cluster<Site>,
    store: Cluster<FencedStore>,
}

/// Observers, a store, and three sites of which the first begins as the primary.
fn world(
    seed: u64,
    observers: usize,
    every: Duration,
    fenced: bool,
    config: impl Fn(NodeId) -> Config,
) -> World {
    let lab = Lab::new(seed);
    // The sites come after the observers and the store.
    let config = config(NodeId(observers as u32 + 1));
    let observers = lab.cluster("observer", observers, move |_id| FailoverManager::new(config));
    observers.require(OneAppointmentPerEpoch::default());
    let store = lab.cluster("store", 1, |_id| FencedStore::new(Fencing::Checked));
    store.require(SingleWriter);
    let watched: Vec<_> = (0..observers.size()).map(|index| observers.address(index)).collect();
    let fenced = fenced.then(|| store.address(0));
    let first = Appointed { epoch: 1, primary: config.first };
    let sites = lab.cluster("site", 3, move |_id| Site {
        observers: watched.clone(),
        store: fenced,
        every,
        appointed: first,
        taken: Vec::new(),
    });
    assert_eq!(sites.id(0), config.first);
    World { lab, observers, sites, store }
}

const QUICK: Config =
    Config { first: NodeId(0), candidates: Candidates::First, suspect_after: secs(10), rest: mins(10) };

/// The primary and one of three observers are cut off from all others for 43 seconds. Returns the epoch that there is in the end, and how many writes each side took
/// that the other has not: those of epoch 1 after another was appointed, and those of a later epoch before the cut healed.
fn forty_three_seconds(config: impl Fn(Config) -> Config) -> (u64, u32, u32) {
    let World { lab, observers, sites, .. } =
        world(1, 3, ms(500), false, |first| config(Config { first, ..QUICK }));
    lab.run_for(secs(60));
    let taken = |index: usize, old: bool| -> u32 {
        sites.node(index).taken.iter().filter(|(epoch, _)| (*epoch == 1) == old).map(|(_, count)| count).sum()
    };
    let cut = lab.partition([
        sites.nodes([0]).and(observers.nodes([0])),
        sites.nodes([1, 2]).and(observers.nodes([1, 2])),
    ]);
    let begin = lab.now();
    lab.run_until(|| observers.node(1).appointed().epoch > 1, secs(43));
    let appointed = taken(0, true);
    lab.run_for(secs(43) - (lab.now() - begin));
    let (old, new) = (taken(0, true) - appointed, taken(1, false) + taken(2, false));
    lab.heal(cut);
    lab.run_for(mins(5));
    (observers.node(0).appointed().epoch, old, new)
}

#[test]
fn githubs_cut_under_three_policies() {
    // With a detector of 10 s and any region, as it was: both sides take writes that the other lacks, two a second for 33 s. With no failover to another region, or a detector of 90 s that
    // outlasts the cut: none.
    assert_eq!(forty_three_seconds(|config| config), (2, 67, 66));
    assert_eq!(
        forty_three_seconds(|config| Config { candidates: Candidates::Only(config.first), ..config }),
        (1, 0, 0)
    );
    assert_eq!(forty_three_seconds(|config| Config { suspect_after: secs(90), ..config }), (1, 0, 0));
}

#[test]
fn a_primary_that_is_heard_stays() {
    // Four hours without a fault: no failover.
    let World { lab, observers, .. } = world(2, 3, secs(1), false, |first| Config { first, ..QUICK });
    lab.keep_events(0);
    lab.run_for(netsplit_node::hours(4));
    assert!((0..3).all(|index| observers.node(index).appointed().epoch == 1));
}

#[test]
fn a_crash_is_repaired_and_a_minority_appoints_nobody() {
    // The primary is gone: another within the detector's time and a look or two. With two observers of three gone as well, nobody is appointed until one is back.
    let World { lab, observers, sites, .. } = world(3, 3, ms(500), false, |first| Config { first, ..QUICK });
    lab.run_for(secs(60));
    sites.crash(0);
    observers.crash(1);
    observers.crash(2);
    lab.run_for(mins(2));
    assert_eq!(observers.node(0).appointed().epoch, 1);
    observers.restart(1);
    let came = lab.run_until(|| observers.node(0).appointed().epoch > 1, secs(30));
    assert!(came && observers.node(0).appointed().primary == sites.id(1));
    golden("failover.txt", &lab.diagram().since(lab.now() - ms(50)).text());
}

#[test]
fn the_furthest_candidate_loses_least() {
    // Of two that are heard, the one with more of the log; the first in line otherwise.
    for (candidates, expected) in [(Candidates::Furthest, 2), (Candidates::First, 1)] {
        let lab = Lab::new(4);
        let config = Config { first: NodeId(100), candidates, ..QUICK };
        let observers = lab.cluster("observer", 3, move |_id| FailoverManager::new(config));
        lab.run_until(
            || {
                for (from, position) in [(101, 7), (102, 9)] {
                    (0..3).for_each(|index| {
                        observers.client_of(index).call(Heartbeat { from: NodeId(from), position });
                    });
                }
                lab.run_for(secs(1));
                observers.node(0).appointed().epoch > 1
            },
            secs(60),
        );
        assert_eq!(observers.node(0).appointed().primary, NodeId(100 + expected));
    }
}

#[test]
fn a_flapping_link_does_not_make_a_flapping_primary() {
    // Cuts of 20 s every minute for an hour: with a rest of ten minutes six failovers, without one sixty.
    let failovers = [mins(10), secs(1)].map(|rest| {
        let World { lab, observers, sites, .. } =
            world(5, 3, secs(1), false, |first| Config { first, rest, ..QUICK });
        lab.keep_events(0);
        for _ in 0..60 {
            let primary = (0..3)
                .find(|&index| sites.id(index) == observers.node(1).appointed().primary)
                .expect("a site");
            let cut = lab.isolate(sites.nodes([primary]));
            lab.run_for(secs(20));
            lab.heal(cut);
            lab.run_for(secs(40));
        }
        observers.node(1).appointed().epoch - 1
    });
    assert_eq!(failovers, [6, 60]);
}

/// Everything happens to observers and sites; then all are healed, and a primary must write.
fn under_faults(seed: u64) -> Result<(), String> {
    let observers = if seed.is_multiple_of(2) { 3 } else { 5 };
    let config = |first| Config { first, suspect_after: ms(100), rest: ms(200), ..QUICK };
    let World { lab, observers, sites, store } = world(seed, observers, ms(20), true, config);
    lab.keep_events(0);
    lab.end_on_panic();
    lab.play(crash_recovery_plan(&lab, &observers, secs(2)));
    lab.play(crash_recovery_plan(&lab, &sites, secs(2)));
    run_for(&lab, secs(2))?;
    lab.heal_core(observers.all().and(sites.all()).and(store.all()));
    let before = store.node(0).accepted().len();
    progress_seen_within(&lab, secs(30), || store.node(0).accepted().len() > before + 10)
}

#[test]
fn a_thousand_fault_plans() {
    // One primary for each epoch, one writer after the other at the store, and within 30 s of the healing somebody writes.
    survives(1_000, under_faults);
}

#[test]
fn every_order_of_messages_appoints_one_for_each_epoch() {
    // Three observers that miss the primary, two of which have heard another candidate each; four looks at any time, messages in any order, a crash.
    let config = Config { first: NodeId(100), suspect_after: ms(4), rest: Duration::ZERO, ..QUICK };
    let nodes = Nodes::new(3, move |_id| FailoverManager::new(config)).network(Network::Unordered);
    let nodes = (0..2).fold(nodes.crashes(1).timers(4).clocks_move(), |nodes, index| {
        nodes.client([(index, Heartbeat { from: NodeId(101 + index as u32), position: 0 })])
    });
    let found = explore(nodes.delivers(|message| !matches!(message, Message::Decided(_))))
        .require(OneAppointmentPerEpoch::default())
        .sometimes("one is appointed", |nodes, world| {
            nodes.members(world).iter().any(|it| it.state.appointed().epoch > 1)
        })
        .run();
    assert_eq!((found.states, found.holds()), (7_260, true), "{found}");
}

//! Clusters of nodes: faults, random numbers, timers, disks, invariants that remember, and nodes that are not what they should be.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU32, Ordering};

use netsplit_node::{CallId, Context, Invariant, Member, Node, NodeId, Service, ms};
use netsplit_sim::explore::{Ended, Exploration, Network, Nodes, explore};

/// Draws, writes, sets timers and panics, as it is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Doer {
    did: Vec<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Task {
    /// Draws a number below this, and then as many more as it says.
    Draw(u64),
    /// Writes to the disk, syncs or not, and says so.
    Write {
        synced: bool,
    },
    /// Sets so many timers.
    Timers(u32),
    Panic,
    Bits,
}

impl Node for Doer {
    type Message = u32;
    type Timer = u32;
    fn on_start(&mut self, ctx: &mut Context<Self>) {
        self.did.extend(ctx.disk().read("did").map(|bytes| bytes.len() as u32 + 100));
    }
    fn on_message(&mut self, _from: NodeId, message: u32, _ctx: &mut Context<Self>) {
        self.did.push(message);
    }
    fn on_timer(&mut self, timer: u32, _ctx: &mut Context<Self>) {
        self.did.push(timer);
    }
}

impl Service for Doer {
    type Request = Task;
    type Response = u32;
    fn on_request(&mut self, call: CallId, task: Task, ctx: &mut Context<Self>) {
        match task {
            Task::Draw(n) => {
                let first = ctx.random().below(n) as u32;
                let rest: Vec<u32> = (0..first).map(|_| ctx.random().below(2) as u32).collect();
                self.did.push(first);
                self.did.extend(rest);
            }
            Task::Write { synced } => {
                ctx.disk().write("did", b"it");
                if synced {
                    ctx.disk().sync();
                }
                ctx.reply(call, 1);
            }
            Task::Timers(count) => (0..count).for_each(|timer| ctx.set_timer(ms(5), timer)),
            Task::Panic => panic!("as wanted"),
            Task::Bits => self.did.push(ctx.random().next_u64() as u32),
        }
    }
}

fn doer(task: Task) -> Nodes<Doer> {
    Nodes::new(1, |_| Doer::default()).client([(0, task)])
}

/// What the node of the last states may have done.
fn ends(nodes: Nodes<Doer>) -> BTreeSet<Vec<u32>> {
    let found = std::sync::Arc::new(std::sync::Mutex::new(BTreeSet::new()));
    let seen = std::sync::Arc::clone(&found);
    let _ = explore(nodes)
        .always("is seen", move |nodes, world| {
            seen.lock().expect("nobody panics").insert(nodes.node(world, 0).did.clone());
            true
        })
        .run();
    found.lock().expect("nobody panics").clone()
}

#[test]
fn random_numbers_go_every_way() {
    // Also where how many are drawn depends on what is drawn: 1 + 2 + 4 ways, and the beginning.
    let ways = ends(doer(Task::Draw(3)));
    assert_eq!(ways.len(), 1 + 1 + 2 + 4, "{ways:?}");
    assert!(ways.contains(&vec![2, 1, 0]));
    let found = explore(doer(Task::Draw(5_000))).run();
    assert!(found.to_string().contains("n0 draws among more than 1000 possibilities in one step"), "{found}");
    let found = explore(doer(Task::Bits)).run();
    assert!(
        found.holds() && found.notes.len() == 1 && found.notes[0].contains("plain random bits"),
        "{found}"
    );
}

#[test]
fn timers_fire_in_any_order_and_within_their_limit() {
    // Three timers: all orders, or all beginnings of two.
    let orders = ends(doer(Task::Timers(3)));
    assert_eq!(orders.iter().filter(|did| did.len() == 3).count(), 6, "{orders:?}");
    let two = ends(doer(Task::Timers(3)).timers(2));
    assert_eq!(
        (two.iter().filter(|did| did.len() == 2).count(), two.iter().any(|did| did.len() > 2)),
        (6, false)
    );
}

#[test]
fn a_crash_keeps_what_was_synced_and_falls_also_between_two_effects() {
    // Synced: the file is there after a crash, and the answer may be under way or not. Not synced: it is gone.
    let crashed = |synced| {
        explore(doer(Task::Write { synced }).crashes(1))
            .sometimes("kept", |nodes, world| nodes.node(world, 0).did == [102])
            .sometimes("kept, and nobody was told", |nodes, world| {
                nodes.node(world, 0).did == [102]
                    && nodes.answers(world).next().is_none()
                    && nodes.history(world).operations[0].outcome.is_none()
            })
            .run()
    };
    assert!(crashed(true).holds(), "{}", crashed(true));
    assert!(crashed(false).findings.iter().all(|finding| !finding.holds()), "{}", crashed(false));
}

#[test]
fn a_panic_of_a_handler_is_a_violation_with_its_way() {
    // With the panic's words and where it stands.
    let found = explore(doer(Task::Panic)).run();
    assert_eq!(found.ended, Ended::Violated);
    let text = found.to_string();
    assert!(text.contains("n0 panicked: as wanted, at ") && text.contains("client 0 -> n0: Panic"), "{text}");
}

/// Sends one message to a peer that remembers how often it came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Sender {
    heard: Vec<u32>,
}

impl Node for Sender {
    type Message = u32;
    type Timer = ();
    fn on_start(&mut self, ctx: &mut Context<Self>) {
        if ctx.id() == NodeId(0) {
            ctx.send(NodeId(1), 1);
            ctx.send(NodeId(1), 2);
        }
    }
    fn on_message(&mut self, _from: NodeId, message: u32, _ctx: &mut Context<Self>) {
        if self.heard.len() < 4 {
            self.heard.push(message);
        }
    }
}

fn heard(nodes: Nodes<Sender>) -> BTreeSet<Vec<u32>> {
    let found = std::sync::Arc::new(std::sync::Mutex::new(BTreeSet::new()));
    let seen = std::sync::Arc::clone(&found);
    let _ = explore(nodes)
        .always("is seen", move |nodes, world| {
            seen.lock().expect("nobody panics").insert(nodes.node(world, 1).heard.clone());
            true
        })
        .run();
    found.lock().expect("nobody panics").clone()
}

#[test]
fn networks_do_what_they_may_and_no_more() {
    // Order, loss, copies: which sequences of two messages arrive, to the last one.
    let nodes = || Nodes::new(2, |_| Sender::default());
    let all = |lists: &[&[u32]]| lists.iter().map(|list| list.to_vec()).collect::<BTreeSet<_>>();
    assert_eq!(heard(nodes()), all(&[&[], &[1], &[2], &[1, 2], &[2, 1]]));
    assert_eq!(heard(nodes().network(Network::Ordered)), all(&[&[], &[1], &[1, 2]]));
    assert_eq!(heard(nodes().network(Network::Ordered).losses(1)), all(&[&[], &[1], &[2], &[1, 2]]));
    let doubled = heard(nodes().network(Network::Ordered).doubles(1));
    assert_eq!(doubled, all(&[&[], &[1], &[1, 1], &[1, 2], &[1, 1, 2], &[1, 2, 2]]));
    assert_eq!(heard(nodes().network(Network::Duplicating)).len(), 1 + 2 + 4 + 8 + 16);
    assert_eq!(heard(nodes().stops(1)), heard(nodes()));
    let stopped = explore(nodes().stops(2))
        .sometimes("all are down", |nodes, world| nodes.members(world).iter().all(|it| !it.up));
    assert!(stopped.run().holds());
    let one = explore(nodes().stops(1))
        .sometimes("all are down", |nodes, world| nodes.members(world).iter().all(|it| !it.up));
    assert!(!one.run().holds());
}

/// Remembers the longest list that it saw. Two of them remember nothing at first, and must not be taken for each other.
#[derive(Clone, Debug, Hash)]
struct Longest {
    name: &'static str,
    most: usize,
    longest: usize,
}

impl Invariant<Sender> for Longest {
    fn name(&self) -> &str {
        self.name
    }
    fn check(&mut self, members: &[Member<'_, Sender>]) -> Result<(), String> {
        self.longest =
            members.iter().map(|member| member.state.heard.len()).max().unwrap_or(0).max(self.longest);
        if self.longest <= self.most { Ok(()) } else { Err(format!("{} at once", self.longest)) }
    }
}

#[test]
fn invariants_remember_as_part_of_the_state() {
    // The second is violated, the first is not; and what one remembers of a crashed node tells states apart.
    #[derive(Clone, Debug, Default, Hash)]
    struct First(Option<u32>);
    #[derive(Clone, Debug, Default, Hash)]
    struct Second(Option<u32>);
    impl Invariant<Sender> for First {
        fn name(&self) -> &str {
            "First"
        }
        fn check(&mut self, _: &[Member<'_, Sender>]) -> Result<(), String> {
            Ok(())
        }
    }
    impl Invariant<Sender> for Second {
        fn name(&self) -> &str {
            "Second"
        }
        fn check(&mut self, members: &[Member<'_, Sender>]) -> Result<(), String> {
            let now = members[1].state.heard.first().copied();
            let first = *self.0.get_or_insert(now.unwrap_or(0));
            if now.is_some_and(|now| now == 2 && first == 0) {
                Err("2 came first".to_owned())
            } else {
                Ok(())
            }
        }
    }
    let nodes = || Nodes::new(2, |_| Sender::default());
    let found = explore(nodes()).require(First::default()).require(Second::default()).run();
    let text = found.to_string();
    assert!(
        text.contains("always First: undecided")
            && text.contains("always Second: violated after 1 action: 2 came first"),
        "{text}"
    );
    let forgetful = explore(nodes().network(Network::Duplicating).crashes(1)).run().states;
    let longest = Longest { name: "Longest", most: 9, longest: 0 };
    let remembering = explore(nodes().network(Network::Duplicating).crashes(1)).require(longest).run();
    assert!(remembering.holds() && remembering.states > forgetful, "{forgetful}: {remembering}");
}

/// Counts by a global number: two runs of one step come to different states.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Leaky {
    honest: u32,
    leaked: u32,
}

static GLOBAL: AtomicU32 = AtomicU32::new(0);

impl Node for Leaky {
    type Message = ();
    type Timer = ();
    fn on_start(&mut self, _ctx: &mut Context<Self>) {
        self.honest += 1;
        self.leaked = GLOBAL.fetch_add(1, Ordering::Relaxed);
    }
}

/// Its hash sees one field, its equality another as well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Blind {
    seen: u32,
    unseen: u32,
}

impl Hash for Blind {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.seen.hash(state);
    }
}

impl Node for Blind {
    type Message = u32;
    type Timer = ();
    fn on_start(&mut self, ctx: &mut Context<Self>) {
        ctx.broadcast(1);
        ctx.broadcast(2);
    }
    fn on_message(&mut self, _from: NodeId, message: u32, _ctx: &mut Context<Self>) {
        self.seen = 1;
        self.unseen = message;
    }
}

#[test]
fn a_node_that_cannot_be_explored_is_told_by_its_field() {
    // A handler that is not a function of what it sees; a hash that leaves something out.
    let note = |found: Exploration| found.notes.join("\n");
    let leaky = note(explore(Nodes::new(1, |_| Leaky::default())).run());
    assert!(
        leaky.contains("a handler that ran twice did not come to the same: it shows in leaked"),
        "{leaky}"
    );
    let blind = note(explore(Nodes::new(2, |_| Blind::default())).run());
    assert!(blind.contains("Hash leaves out what Eq compares: it shows in unseen"), "{blind}");
    assert_eq!(note(explore(Nodes::new(2, |_| Sender::default())).run()), "");
}

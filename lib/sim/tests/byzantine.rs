//! Nodes that lie: what each behaviour does, what signatures withstand, and the bound of Lamport, Shostak and Pease.

mod common;

use netsplit_node::{Context, Node, NodeId, Signature, ms, secs};
use netsplit_sim::{Behaviour, Cluster, Fault, Group, Lab};

/// Sends every peer a signed number each 10 ms, and keeps what it hears.
#[derive(Clone, Debug, Default)]
struct Teller {
    told: u32,
    heard: Vec<(NodeId, u32, bool)>,
}

#[derive(Clone, Debug)]
struct Said {
    number: u32,
    signature: Signature,
}

impl Node for Teller {
    type Message = Said;
    type Timer = ();

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        ctx.set_timer(ms(10), ());
    }

    fn on_timer(&mut self, (): (), ctx: &mut Context<Self>) {
        self.told += 1;
        let signature = ctx.sign(&self.told);
        ctx.broadcast(Said { number: self.told, signature });
        ctx.set_timer(ms(10), ());
    }

    fn on_message(&mut self, from: NodeId, said: Said, ctx: &mut Context<Self>) {
        let genuine = ctx.verify(&said.number, &said.signature) && said.signature.signer() == from;
        self.heard.push((from, said.number, genuine));
    }
}

fn lab_with(behaviour: Behaviour) -> (Lab, Cluster<Teller>) {
    let lab = Lab::new(3);
    let tellers = lab.cluster("teller", 4, |_| Teller::default());
    tellers.set_mutator(|said, _| said.number += 1000);
    lab.inject(Fault::Misbehave { nodes: tellers.nodes([0]), behaviour });
    lab.run_for(secs(1));
    (lab, tellers)
}

/// What member `index` heard of member 0.
fn heard(tellers: &Cluster<Teller>, index: usize) -> Vec<(u32, bool)> {
    let heard = tellers.node(index).heard;
    heard
        .into_iter()
        .filter(|(from, ..)| *from == NodeId(0))
        .map(|(_, number, genuine)| (number, genuine))
        .collect()
}

#[test]
fn silence_is_towards_those_it_names() {
    // Selective silence, complete silence, and honesty again after it is undone.
    let (_, tellers) = lab_with(Behaviour::SilentTo(NodeId(2).into()));
    assert_eq!([1, 2, 3].map(|index| heard(&tellers, index).is_empty()), [false, true, false]);
    let (lab, tellers) = lab_with(Behaviour::Silent);
    assert_eq!([1, 2, 3].map(|index| heard(&tellers, index).len()), [0, 0, 0]);
    assert!(lab.trace().to_string().contains("withheld by its sender"));
    lab.inject(Fault::Misbehave { nodes: tellers.nodes([0]), behaviour: Behaviour::Honest });
    lab.run_for(secs(1));
    assert!([1, 2, 3].iter().all(|&index| !heard(&tellers, index).is_empty()));
}

#[test]
fn liars_lie_to_their_callers_as_well() {
    // Answers are withheld, late or forged as messages are; a forged answer looks like any other.
    let answer = |behaviour: Behaviour| {
        let (lab, cluster) = common::witnesses(1);
        cluster.set_response_mutator(|answer, _| *answer += 1000);
        lab.set_latency(netsplit_sim::Latency::Constant(ms(1)));
        lab.inject(Fault::Misbehave { nodes: cluster.nodes([0]), behaviour });
        let client = cluster.client_of(0);
        let calls: Vec<_> = (0..40).map(|_| client.call(7)).collect();
        lab.run_for(ms(100));
        let all = calls.iter().filter_map(|call| Some((call.outcome()?.ok()?, call.returned()?)));
        all.map(|(answer, at)| (answer, at - netsplit_node::Time::ZERO)).collect::<Vec<_>>()
    };
    assert_eq!(answer(Behaviour::Honest), [(7, ms(2)); 40]);
    assert!(answer(Behaviour::Silent).is_empty());
    assert!(answer(Behaviour::SilentTo(NodeId(5).into())).is_empty());
    assert_eq!(answer(Behaviour::SilentTo(NodeId(1).into())).len(), 40);
    assert_eq!(answer(Behaviour::Late(ms(50))), [(7, ms(52)); 40]);
    let forged = answer(Behaviour::Forging(0.5));
    let lies = forged.iter().filter(|(answer, _)| *answer == 1007).count();
    assert!(forged.len() == 40 && (10..30).contains(&lies), "{lies} of 40 are forged");
}

#[test]
fn a_withheld_message_comes_late_and_an_old_one_comes_again() {
    // Nothing new comes for as long as it is withheld; replays are genuine, and older than what was heard before.
    let (_, tellers) = lab_with(Behaviour::Late(ms(500)));
    let late = heard(&tellers, 1);
    assert!((45..=50).contains(&late.len()), "half of a second's messages: {}", late.len());
    let (_, tellers) = lab_with(Behaviour::Replaying(0.5));
    let replayed = heard(&tellers, 1);
    let again = replayed.windows(2).filter(|pair| pair[1].0 + 1 < pair[0].0).count();
    assert!(again > 5 && replayed.iter().all(|(_, genuine)| *genuine), "{replayed:?}");
}

#[test]
fn what_is_forged_does_not_verify() {
    // The signing model: content can be changed, a signature that fits it cannot be made.
    let (_, tellers) = lab_with(Behaviour::Forging(0.5));
    for index in 1..4 {
        let all = heard(&tellers, index);
        let forged: Vec<_> = all.iter().filter(|(number, _)| *number > 1000).collect();
        assert!(forged.len() > 20 && forged.len() < 80);
        assert!(all.iter().all(|(number, genuine)| *genuine == (*number <= 1000)));
    }
}

#[test]
fn twins_have_one_identity_and_two_stories() {
    // Peers on either side hear genuine messages of node 0; the twin began later, so it tells the two sides different numbers at one time.
    let lab = Lab::new(3);
    let tellers = lab.cluster("teller", 4, |_| Teller::default());
    lab.run_for(ms(505));
    lab.inject(Fault::Misbehave {
        nodes: tellers.nodes([0]),
        behaviour: Behaviour::Twins(tellers.nodes([2, 3])),
    });
    lab.run_for(ms(500));
    let last = [1, 2, 3].map(|index| heard(&tellers, index).last().copied().unwrap());
    assert_eq!(last.map(|(_, genuine)| genuine), [true; 3]);
    assert!(last[0].0 > 90 && last[1].0 < 60 && last[2].0 < 60, "{last:?}");
    assert!(lab.trace().lifelines.iter().any(|line| line.name == "teller 0 (twin)"));
    lab.partition([tellers.nodes([0]), tellers.nodes([1, 2, 3])]);
    let before = [1, 2, 3].map(|index| heard(&tellers, index).len());
    lab.run_for(ms(500));
    assert_eq!(
        [1, 2, 3].map(|index| heard(&tellers, index).len()),
        before,
        "a cut holds for the twin as well"
    );
}

/// Oral messages for one liar: OM(1) of Lamport, Shostak and Pease (1982), section 3. The commander is node 0.
#[derive(Clone, Debug, Default)]
struct General {
    orders: Vec<(NodeId, bool)>,
    decided: Option<bool>,
}

#[derive(Clone, Debug)]
enum Order {
    Commanded(bool),
    Relayed(bool),
}

impl Node for General {
    type Message = Order;
    type Timer = ();

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        ctx.set_timer(ms(100), ());
        if ctx.id() == NodeId(0) {
            ctx.broadcast(Order::Commanded(true));
        }
    }

    fn on_message(&mut self, from: NodeId, order: Order, ctx: &mut Context<Self>) {
        match order {
            Order::Commanded(order) if from == NodeId(0) => {
                self.orders.push((from, order));
                for peer in ctx.peers().filter(|&peer| peer != NodeId(0)) {
                    ctx.send(peer, Order::Relayed(order));
                }
            }
            Order::Relayed(order) => self.orders.push((from, order)),
            Order::Commanded(_) => {}
        }
    }

    /// The majority; a tie, and silence, is "retreat".
    fn on_timer(&mut self, (): (), ctx: &mut Context<Self>) {
        if ctx.id() != NodeId(0) {
            let attack = self.orders.iter().filter(|(_, order)| *order).count();
            self.decided = Some(2 * attack > self.orders.len());
        }
    }
}

/// What the loyal lieutenants decide, with `liar` forging what `how` says.
fn decisions(generals: u32, liar: u32, to: Option<&[u32]>) -> Vec<bool> {
    let lab = Lab::new(7);
    let army = lab.cluster("general", generals as usize, |_| General::default());
    // The forger says the opposite; a traitorous commander says it to some only.
    let opposite_to: Vec<NodeId> = to.unwrap_or(&[]).iter().map(|&id| NodeId(id)).collect();
    army.set_mutator(|order, _| {
        *order = match *order {
            Order::Commanded(order) => Order::Commanded(!order),
            Order::Relayed(order) => Order::Relayed(!order),
        };
    });
    if to.is_none() {
        lab.inject(Fault::Misbehave { nodes: NodeId(liar).into(), behaviour: Behaviour::Forging(1.0) });
    } else {
        lab.corrupt(1.0, netsplit_sim::Traffic::all().from(NodeId(liar)).to(Group::new(opposite_to)));
    }
    // The first orders left before the general was corrupted: begin again.
    army.crash(0);
    (1..generals as usize).for_each(|index| {
        army.crash(index);
        army.restart(index);
    });
    army.restart(0);
    lab.run_for(secs(1));
    let loyal = (1..generals).filter(|&index| index != liar);
    loyal.map(|index| army.node(index as usize).decided.expect("it decides in time")).collect()
}

#[test]
fn three_generals_cannot_agree_and_four_can() {
    // n = 3f: the loyal lieutenant does not obey a loyal commander. n = 3f + 1: with any one liar, all loyal ones agree, and obey a loyal commander.
    assert_eq!(decisions(3, 2, None), [false], "lieutenant 1 cannot know which of the two lies");
    for liar in 1..4 {
        assert_eq!(decisions(4, liar, None), [true, true], "liar {liar}");
    }
    for misled in [&[1u32][..], &[2], &[1, 3], &[1, 2, 3]] {
        let decided = decisions(4, 0, Some(misled));
        assert!(
            decided.iter().all(|decision| *decision == decided[0]),
            "commander misleads {misled:?}: {decided:?}"
        );
    }
}

//! `carts`: a store of one cart that can be switched between CP and AP, and that loses and invents nothing on the way back.

use std::collections::BTreeSet;

use netsplit::grade::{Case, Exercise, Rule, Submitted};
use netsplit::{Call, Client, Cluster, Duration, Outcome, Time, Traffic, ms, secs};

use super::given::*;

/// The store, as tests hold it.
pub type Store = Cluster<Submitted<CartRequest, CartResponse>>;

/// The exercise, with the tests that everybody sees.
pub fn exercise() -> Exercise {
    Exercise::new("carts", "A cart that can be switched", 30.0, Rule::SafetyGate)
        .service("CartStore", "CartRequest", "CartResponse")
        .without(["replication", "register", "consensus"])
        .visible("a good day", 1, |case| one_phase(case, Way::Cp, Shape::Whole))
        .visible("CP: one node is alone", 2, |case| one_phase(case, Way::Cp, Shape::Alone(0)))
        .visible("AP: one node is alone", 3, |case| one_phase(case, Way::Ap, Shape::Alone(0)))
        .visible("CP: messages are lost, doubled and late", 4, |case| one_phase(case, Way::Cp, Shape::Lossy))
        .visible("AP during a cut, then CP again", 5, there_and_back)
}

/// What becomes of the network between the three nodes. Clients always reach their node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Whole,
    /// This node on one side, the two others on the other.
    Alone(usize),
    /// Nobody reaches anybody.
    AllAlone,
    /// These two do not reach each other; the third reaches both.
    Bridge(usize, usize),
    /// What this node sends is lost, and it hears everything.
    Mute(usize),
    /// The cut around this node comes and goes.
    Flapping(usize),
    /// Messages are lost, doubled, and overtake each other.
    Lossy,
}

impl Shape {
    /// Whether this node can ask a majority and be answered; nothing where that changes all the time.
    fn has_majority(self, node: usize) -> Option<bool> {
        match self {
            Shape::Whole | Shape::Bridge(..) => Some(true),
            Shape::Alone(alone) | Shape::Mute(alone) => Some(node != alone),
            Shape::AllAlone => Some(false),
            Shape::Flapping(_) | Shape::Lossy => None,
        }
    }
}

/// What was asked.
struct Asked {
    request: CartRequest,
    call: Call<Submitted<CartRequest, CartResponse>>,
    at: Time,
    way: Way,
    /// What the asked node can reach meanwhile; nothing if that is not the same all the time.
    majority: Option<bool>,
}

impl Asked {
    fn items(&self) -> Option<BTreeSet<u32>> {
        match self.call.outcome() {
            Some(Outcome::Ok(CartResponse::Items(items))) => Some(items.into_iter().collect()),
            _ => None,
        }
    }

    fn added(&self) -> Option<u32> {
        match (&self.request, self.call.outcome()) {
            (CartRequest::Add(item), Some(Outcome::Ok(CartResponse::Added))) => Some(*item),
            _ => None,
        }
    }

    /// How long it took, if it was answered.
    fn took(&self) -> Option<Duration> {
        self.call.returned().map(|returned| returned - self.at)
    }
}

/// A store of three nodes in a world, and what was asked of it.
pub struct Scene<'c> {
    pub case: &'c mut Case,
    store: Store,
    /// Of each node one.
    clients: [Client<Submitted<CartRequest, CartResponse>>; 3],
    way: Way,
    asked: Vec<Asked>,
    next: u32,
}

impl<'c> Scene<'c> {
    pub fn new(case: &'c mut Case) -> Scene<'c> {
        let store = case.submitted::<CartRequest, CartResponse>("CartStore").start(3);
        let clients = [0, 1, 2].map(|node| store.client_of(node).with_deadline(secs(2)));
        Scene { case, store, clients, way: Way::Cp, asked: Vec::new(), next: 0 }
    }

    pub fn wait(&mut self, time: Duration) {
        self.case.lab().run_for(time);
    }

    /// Every node is switched.
    pub fn switch(&mut self, way: Way) {
        for node in 0..3 {
            self.clients[node].call(CartRequest::Switch(way));
        }
        self.way = way;
        self.wait(ms(100));
    }

    fn ask(&mut self, node: usize, request: CartRequest, majority: Option<bool>) {
        let call = self.clients[node].call(request.clone());
        let at = self.case.lab().now();
        self.asked.push(Asked { request, call, at, way: self.way, majority });
    }

    /// While the network has this shape, so many requests are made at nodes in turn; then it is whole again.
    pub fn phase(&mut self, shape: Shape, requests: usize) {
        let (lab, store) = (self.case.lab().clone(), self.store.clone());
        let one = |node: usize| store.nodes([node]);
        let others = |node: usize| store.nodes((0..3).filter(|it| *it != node));
        let all = || Traffic::all().messages();
        let mut rules = Vec::new();
        match shape {
            Shape::Whole => {}
            Shape::Alone(node) => drop(lab.partition([one(node), others(node)])),
            Shape::AllAlone => drop(lab.partition([one(0), one(1), one(2)])),
            Shape::Bridge(left, right) => drop(lab.partition([one(left), one(right)])),
            Shape::Mute(node) => drop(lab.cut_one_way(one(node), others(node))),
            Shape::Flapping(node) => drop(lab.flap([one(node), others(node)], ms(90), ms(70))),
            Shape::Lossy => rules.extend([
                lab.lose(0.25, all()),
                lab.duplicate(0.4, all()),
                lab.reorder(0.3, ms(400), all()),
            ]),
        }
        self.wait(ms(20));
        for _ in 0..requests {
            let node = self.case.random().below(3) as usize;
            let is_add = self.case.random().chance(0.5);
            self.next += u32::from(is_add);
            let request = if is_add { CartRequest::Add(self.next) } else { CartRequest::Items };
            self.ask(node, request, shape.has_majority(node));
            let pause = if self.case.random().chance(0.7) { 700 } else { 3 };
            self.wait(ms(pause));
        }
        self.wait(ms(700));
        lab.heal_all();
        rules.into_iter().for_each(|rule| lab.remove_rule(rule));
    }

    /// Everything is whole for three seconds; then every node is asked for the items, and all that was told is judged.
    pub fn close(mut self) {
        self.wait(secs(3));
        let late = self.asked.len();
        for node in 0..3 {
            self.ask(node, CartRequest::Items, Some(true));
            self.wait(ms(600));
        }
        self.judge_items(late);
        self.judge_answers(late);
    }

    fn judge_items(&mut self, late: usize) {
        let acknowledged: BTreeSet<u32> = self.asked.iter().filter_map(Asked::added).collect();
        let refused = self.asked.iter().filter_map(|it| match (&it.request, it.call.outcome()) {
            (CartRequest::Add(item), Some(Outcome::Fail(_))) => Some(*item),
            _ => None,
        });
        let refused: BTreeSet<u32> = refused.collect();
        let (mut lost, mut ghosts, mut stale) = (Vec::new(), Vec::new(), Vec::new());
        for (number, it) in self.asked.iter().enumerate() {
            let Some(found) = it.items() else { continue };
            let missing: Vec<&u32> = acknowledged.difference(&found).collect();
            if number >= late && !missing.is_empty() {
                lost.push(format!("{missing:?} were acknowledged, and are in no answer at {}", it.at));
            }
            let ghost: Vec<&u32> = refused.intersection(&found).collect();
            if !ghost.is_empty() || found.iter().any(|item| *item == 0 || *item > self.next) {
                ghosts.push(format!("the answer to the question of {} has {ghost:?}", it.at));
            }
            let must = self.known_before(it);
            let missing: Vec<&u32> = must.difference(&found).collect();
            if it.way == Way::Cp && !missing.is_empty() {
                stale.push(format!("the answer to the question of {} lacks {missing:?}", it.at));
            }
        }
        self.case.safety("no acknowledged add is lost", all_well(lost));
        self.case.safety("what was refused is not in the cart", all_well(ghosts));
        self.case.safety("CP: an answer has all that was acknowledged or shown before", all_well(stale));
    }

    /// What was acknowledged or shown under CP before this was asked.
    fn known_before(&self, it: &Asked) -> BTreeSet<u32> {
        let before = |other: &&Asked| {
            other.way == Way::Cp && other.call.returned().is_some_and(|returned| returned < it.at)
        };
        let before = self.asked.iter().filter(before);
        before.flat_map(|other| other.items().into_iter().flatten().chain(other.added())).collect()
    }

    fn judge_answers(&mut self, late: usize) {
        let (mut slow, mut unserved, mut silent) = (Vec::new(), Vec::new(), Vec::new());
        for (number, it) in self.asked.iter().enumerate() {
            let told = it.call.outcome();
            let is_ok = matches!(told, Some(Outcome::Ok(_)));
            let within = |most: Duration| it.took().is_some_and(|took| took <= most);
            let words = told.as_ref().map_or("no answer yet".to_owned(), |told| told.to_string());
            let what = format!("{:?} at {}: {words}", it.request, it.at);
            match (it.way, it.majority) {
                (Way::Ap, _) if !(is_ok && within(ms(50))) => slow.push(what),
                (Way::Cp, Some(true)) if !(is_ok && within(ms(600))) => unserved.push(what),
                (Way::Cp, Some(false)) if !(matches!(told, Some(Outcome::Fail(_))) && within(ms(600))) => {
                    silent.push(what);
                }
                _ => {}
            }
            debug_assert!(number < late || it.majority == Some(true));
        }
        self.case.liveness("AP: everything is answered at once", all_well(slow));
        self.case.liveness("CP: with a majority everything is answered", all_well(unserved));
        self.case.liveness("CP: without a majority everything is refused in time", all_well(silent));
    }
}

/// The first two complaints; the others are like them.
fn all_well(complaints: Vec<String>) -> Result<(), String> {
    match complaints.as_slice() {
        [] => Ok(()),
        [one] => Err(one.clone()),
        [one, two, rest @ ..] => Err(format!("{one}; {two}; and {} more", rest.len())),
    }
}

/// One way and one shape.
pub fn one_phase(case: &mut Case, way: Way, shape: Shape) {
    let mut scene = Scene::new(case);
    scene.switch(way);
    scene.phase(Shape::Whole, 2);
    scene.phase(shape, 8);
    scene.close();
}

/// CP, then AP while a node is alone, then CP, first under the cut's shape and then whole.
pub fn there_and_back(case: &mut Case) {
    let mut scene = Scene::new(case);
    scene.phase(Shape::Whole, 2);
    scene.switch(Way::Ap);
    scene.phase(Shape::Alone(0), 6);
    scene.switch(Way::Cp);
    scene.phase(Shape::Alone(0), 4);
    scene.close();
}

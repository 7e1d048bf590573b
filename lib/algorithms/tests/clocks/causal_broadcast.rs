//! Causal broadcast: a chat with and without the buffer, seeded fault plans without crashes, and small instances explored.

use netsplit_algorithms::clocks::causal_broadcast::{
    CausalBroadcast, CausalBuffer, CausalDelivery, Config, Message, Room, Say, Stamped,
};
use netsplit_algorithms::clocks::{Causality, VectorClock};
use netsplit_node::{NodeId, Random, ms, secs};
use netsplit_sim::explore::{Network, Nodes, explore};
use netsplit_sim::{Cluster, Lab, Latency};

use crate::faults::{golden, same_again, scenarios, survives};

const CONFIG: Config = Config { send_again_every: ms(50), room: Room::Unbounded };

fn chat(seed: u64, size: usize, config: Config) -> (Lab, Cluster<CausalBroadcast>) {
    let lab = Lab::new(seed);
    let chat = lab.cluster("chat", size, move |_id| CausalBroadcast::new(config));
    chat.require(CausalDelivery);
    (lab, chat)
}

fn shown(chat: &Cluster<CausalBroadcast>, index: usize) -> Vec<String> {
    chat.node(index).shown().iter().map(|message| message.content.clone()).collect()
}

#[test]
fn an_answer_waits_for_its_question() {
    // Ann's way to eve is slow; bob's answer overtakes her question, and eve sees them in the order in which they make sense.
    let (lab, chat) = chat(1, 3, CONFIG);
    lab.set_latency(Latency::Constant(ms(5)));
    lab.set_link_latency(chat.nodes([0]), chat.nodes([2]), Latency::Constant(ms(40)));
    chat.client_of(0).named("ann").call(Say("lunch?".into()));
    lab.run_until(|| !shown(&chat, 1).is_empty(), secs(1));
    chat.client_of(1).named("bob").call(Say("yes, at noon".into()));
    lab.run_until(|| chat.inspect(2).role.as_deref() == Some("waiting"), secs(1));
    assert!(shown(&chat, 2).is_empty(), "the answer is there, and is not shown");
    lab.run_for(secs(1));
    assert!((0..3).all(|index| shown(&chat, index) == ["lunch?", "yes, at noon"]));
    golden("causal-broadcast.txt", &lab.diagram().without_timers().text());
}

#[test]
fn concurrent_messages_may_be_shown_in_different_orders() {
    // What is not promised: each shows its own first.
    let (lab, chat) = chat(2, 2, CONFIG);
    for (index, word) in ["here", "there"].into_iter().enumerate() {
        chat.client_of(index).call(Say(word.into()));
    }
    lab.run_for(secs(1));
    assert_eq!([shown(&chat, 0), shown(&chat, 1)], [["here", "there"], ["there", "here"]]);
}

/// Five nodes that broadcast and hear of each other at random; each node's buffer sees the messages in an order of its own. Returns the messages as they are
/// shown at each node, and the most that waited anywhere.
fn random_chat(seed: u64, room: Room) -> (Vec<Vec<Stamped<u64>>>, usize) {
    let mut random = Random::new(seed);
    let mut buffers = vec![CausalBuffer::new(room); 5];
    let mut shown: Vec<Vec<Stamped<u64>>> = vec![Vec::new(); 5];
    let mut under_way: Vec<(usize, Stamped<u64>)> = Vec::new();
    let (mut said, mut waited) = (0, 0);
    while said < 40 || !under_way.is_empty() {
        if said < 40 && random.chance(0.3) {
            let at = random.below(5) as usize;
            let message = buffers[at].broadcast(NodeId(at as u32), said);
            shown[at].push(message.clone());
            under_way.extend((0..5).filter(|&to| to != at).map(|to| (to, message.clone())));
            said += 1;
        } else if let Some(&(to, ref message)) = random.pick(&under_way) {
            let (message, number) = (message.clone(), message.number());
            let sender = message.sender;
            shown[to].extend(buffers[to].receive(message.clone()));
            waited = waited.max(buffers[to].waiting());
            // Doubled at times, and what found no room comes again.
            let is_there = buffers[to].delivered().count(sender) >= number;
            if is_there && !random.chance(0.1) || matches!(room, Room::Unbounded) && !random.chance(0.1) {
                let place = under_way.iter().position(|it| *it == (to, message.clone()));
                under_way.swap_remove(place.expect("it was picked"));
            }
        }
    }
    (shown, waited)
}

#[test]
fn every_order_of_arrival_is_shown_causally_and_once() {
    // Safety against the vector clocks of all pairs, and progress: everybody shows everything. The same where three messages have room to wait.
    for (room, most) in [(Room::Unbounded, 40), (Room::Messages(3), 3)] {
        let mut overtaken = 0;
        for seed in 0..300 {
            let (shown, waited) = random_chat(seed, room);
            assert!(waited <= most, "seed {seed}: {waited} wait");
            for messages in shown {
                assert_eq!(messages.len(), 40, "seed {seed}");
                for (place, later) in messages.iter().enumerate() {
                    for earlier in &messages[..place] {
                        let order = earlier.time.compare(&later.time);
                        assert!(
                            !matches!(order, Causality::After | Causality::Equal),
                            "seed {seed}: {earlier:?} {later:?}"
                        );
                        overtaken += usize::from(order == Causality::Concurrent);
                    }
                }
            }
        }
        assert!(overtaken > 10_000, "{overtaken}");
    }
}

fn under_faults((lab, chat): &(Lab, Cluster<CausalBroadcast>)) -> Result<(), String> {
    scenarios::without_crashes(lab, chat, |number| Say(format!("message {number}")))?;
    let sent = chat.history().iter().filter(|it| !it.served.is_empty()).count();
    let all_have_all = || (0..chat.size()).all(|index| chat.node(index).shown().len() >= sent);
    crate::faults::progress_seen_within(lab, secs(30), all_have_all)
}

#[test]
fn a_run_is_the_same_again() {
    // Event by event, from its seed and what was done to it.
    same_again(|seed| chat(seed, 3, CONFIG), under_faults);
}

#[test]
fn two_thousand_fault_plans() {
    // Loss, doubling, reordering, cuts and pauses, with room for all or for two: shown causally, and in the end everybody has everything.
    survives(2_000, |seed| {
        let room = if seed.is_multiple_of(2) { Room::Unbounded } else { Room::Messages(2) };
        under_faults(&chat(seed, 2 + (seed % 4) as usize, Config { room, ..CONFIG }))
    });
}

#[test]
fn every_order_of_messages_is_shown_causally() {
    // Three nodes; one speaks twice, another once, at any time: before, between or after what it hears. Doubled at will.
    let nodes = Nodes::new(3, |_id| CausalBroadcast::new(CONFIG)).network(Network::Duplicating);
    let nodes = nodes.client([(0, Say("a".into())), (0, Say("b".into()))]).client([(1, Say("c".into()))]);
    let nodes = nodes.fires(|_| false).delivers(|message| matches!(message, Message::Broadcast(_)));
    let found = explore(nodes)
        .require(CausalDelivery)
        .sometimes("one waits", |nodes, world| nodes.members(world).iter().any(|it| it.state.waiting() > 0))
        .run();
    assert_eq!((found.states, found.holds()), (10_415, true), "{found}");
}

#[test]
fn what_is_shown_tells_what_was_seen() {
    // A message's time counts what its sender had shown: so a reader can ask what an answer was an answer to.
    let (lab, chat) = chat(3, 2, CONFIG);
    chat.client_of(0).call(Say("one".into()));
    lab.run_for(ms(20));
    chat.client_of(1).call(Say("two".into()));
    lab.run_for(ms(20));
    let expected: VectorClock = [(NodeId(0), 1), (NodeId(1), 1)].into_iter().collect();
    assert_eq!(chat.node(0).shown()[1].time, expected);
}

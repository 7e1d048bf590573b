//! Networks with routers between them: ways that break, routers that learn of it late, networks that nobody finds any more.

mod common;

use common::{Listener, send};
use netsplit_node::{Duration, Time, ms, secs, us};
use netsplit_sim::{Bandwidth, Cluster, Fault, FaultPlan, Lab, Latency, LinkProfile, Topology};

fn way(time: Duration) -> LinkProfile {
    LinkProfile::new(Latency::Constant(time))
}

/// Three networks, a short way from a to c through b, and a long one around it.
fn topology(nodes: &Cluster<Listener>) -> Topology {
    Topology::new(secs(10))
        .network("a", nodes.nodes([0, 1]))
        .network("b", nodes.nodes([2]))
        .network("c", nodes.nodes([3]))
        .link("a", "b", way(ms(10)))
        .link("b", "c", way(ms(10)))
        .link("a", "c", way(ms(50)))
}

fn lab() -> (Lab, Cluster<Listener>) {
    let lab = Lab::new(1);
    lab.set_latency(Latency::Constant(ms(1)));
    let nodes = lab.cluster("node", 4, |_| Listener::default());
    lab.set_topology(topology(&nodes));
    (lab, nodes)
}

/// How long a message takes from one to the other; nothing if it is lost.
fn takes(lab: &Lab, nodes: &Cluster<Listener>, from: usize, to: usize) -> Option<Duration> {
    let before = nodes.node(to).came.len();
    // The client that tells the node to send is in no network: its request takes 1 ms.
    let start = lab.now() + ms(1);
    send(nodes, from, to, 100);
    lab.run_for(ms(200));
    nodes.node(to).came.get(before).map(|(_, _, at)| *at - start)
}

#[test]
fn messages_take_the_shortest_way_and_the_next_one_when_routers_have_learned() {
    // Lost on the broken way until all know, then the longer one, also for a while after the repair.
    let (lab, nodes) = lab();
    assert_eq!(takes(&lab, &nodes, 0, 1), Some(ms(1)), "within a network all is as without one");
    assert_eq!(takes(&lab, &nodes, 0, 3), Some(ms(20)));
    let down = lab.inject(Fault::LinkDown { one: "c".into(), other: "b".into(), on: true });
    assert_eq!(lab.route(nodes.id(0), nodes.id(3)).to_string(), "a -> b -> c, 20ms, broken");
    assert_eq!(takes(&lab, &nodes, 0, 3), None);
    assert!(lab.trace().to_string().contains("lost (a router or link on its way is down), node 0 to node 3"));
    lab.run_for(secs(10));
    assert_eq!(takes(&lab, &nodes, 0, 3), Some(ms(50)));
    assert_eq!(takes(&lab, &nodes, 2, 3), Some(ms(60)), "b reaches c through a");
    lab.undo(down);
    assert_eq!(takes(&lab, &nodes, 0, 3), Some(ms(50)));
    lab.run_for(secs(10));
    assert_eq!(takes(&lab, &nodes, 0, 3), Some(ms(20)));
    let told = lab.trace().to_string();
    for text in
        ["link b - c is down", "all routers know: link b - c is down", "all routers know: link b - c is up"]
    {
        assert!(told.contains(&format!("from now on {text}\n")), "{text}: {told}");
    }
    assert!(lab.verify_replay().holds());
}

#[test]
fn a_router_that_is_down_takes_its_network_with_it() {
    // Its members reach each other; who went through it finds another way, or none.
    let (lab, nodes) = lab();
    lab.inject(Fault::RouterDown { router: "b".into(), on: true });
    assert_eq!(takes(&lab, &nodes, 0, 3), None, "the way through it is broken at once");
    assert_eq!(takes(&lab, &nodes, 2, 0), None, "its own network is cut off at once");
    lab.inject(Fault::RouterDown { router: "b".into(), on: false });
    lab.inject(Fault::RouterDown { router: "a".into(), on: true });
    lab.run_for(secs(20));
    assert_eq!(takes(&lab, &nodes, 0, 1), Some(ms(1)));
    assert_eq!((takes(&lab, &nodes, 0, 3), takes(&lab, &nodes, 3, 0)), (None, None));
    assert_eq!(takes(&lab, &nodes, 2, 3), Some(ms(10)));
    lab.inject(Fault::RouterDown { router: "b".into(), on: true });
    lab.inject(Fault::RouterDown { router: "b".into(), on: true });
    lab.run_for(secs(10));
    assert_eq!(lab.route(nodes.id(3), nodes.id(2)).to_string(), "no route");
    assert_eq!(takes(&lab, &nodes, 3, 2), None);
    assert!(lab.trace().to_string().contains("lost (there is no route to its receiver), node 3 to node 2"));
    lab.inject(Fault::LinkDown { one: "b".into(), other: "c".into(), on: true });
    lab.heal_core(nodes.all());
    assert_eq!(takes(&lab, &nodes, 0, 3), Some(ms(20)), "healed at once, and everybody knows");
    lab.run_for(secs(20));
    assert_eq!(takes(&lab, &nodes, 0, 3), Some(ms(20)), "nothing is learned of before");
    lab.inject(Fault::LinkDown { one: "b".into(), other: "c".into(), on: true });
    lab.set_topology(topology(&nodes));
    lab.run_for(secs(20));
    assert_eq!(takes(&lab, &nodes, 0, 3), Some(ms(20)), "another topology has other links");
}

#[test]
fn a_withdrawn_network_is_up_and_out_of_reach() {
    // Once all have learned of it nothing gets in; what it sends gets out, and what passes through it still does.
    let (lab, nodes) = lab();
    let plan: FaultPlan = "at 0s for 60s: route-withdraw network=b on=true".parse().expect("a plan");
    lab.play(plan);
    assert_eq!(takes(&lab, &nodes, 0, 2), Some(ms(10)), "nobody knows yet");
    lab.run_for(secs(10));
    assert_eq!(takes(&lab, &nodes, 0, 2), None);
    assert_eq!(takes(&lab, &nodes, 2, 0), Some(ms(10)));
    assert_eq!(takes(&lab, &nodes, 0, 3), Some(ms(20)));
    assert!((0..4).all(|index| nodes.is_up(index)));
    lab.run_for(secs(60));
    assert_eq!(takes(&lab, &nodes, 0, 2), Some(ms(10)));
}

#[test]
fn each_hop_does_to_messages_what_its_link_does() {
    // The second of two links carries 1 Mbit/s and nothing over 1,400 bytes, whoever sends; a link of one's own goes around it.
    let lab = Lab::new(1);
    lab.set_latency(Latency::Constant(ms(1)));
    let nodes = lab.cluster("node", 3, |_| Listener::default());
    let narrow = LinkProfile { bandwidth: Some(Bandwidth::mbit(1)), mtu: Some(1400), ..way(ms(1)) };
    lab.set_topology(
        Topology::new(secs(1))
            .network("here", nodes.nodes([0, 1]))
            .network("there", nodes.nodes([2]))
            .router("between")
            .link("here", "between", way(ms(2)))
            .link("there", "between", narrow),
    );
    for (from, bytes) in [(0, 1_250), (1, 1_250), (0, 1_401), (1, 125)] {
        send(&nodes, from, 2, bytes);
    }
    lab.run_for(secs(1));
    let came: Vec<Time> = nodes.node(2).came.iter().map(|(.., at)| *at).collect();
    assert_eq!(came, [ms(14), ms(24), ms(25)].map(|after| Time::ZERO + after));
    assert!(lab.trace().to_string().contains("lost (too large for the link)"));
    assert_eq!(takes(&lab, &nodes, 2, 0), Some(us(3_800)), "its own direction is free");
    lab.set_link(nodes.nodes([0]), nodes.nodes([2]), way(ms(7)));
    assert_eq!(takes(&lab, &nodes, 0, 2), Some(ms(7)));
    assert_eq!(lab.link(nodes.id(2), nodes.id(0)), way(ms(7)));
}

#[test]
fn clients_join_a_network_and_what_is_no_topology_is_refused() {
    // Each with a sentence that says what was expected, and nothing changes.
    let (lab, nodes) = lab();
    let client = nodes.client_of(3);
    lab.attach(&client, "a");
    let call = client.call((nodes.id(2), 0, 1));
    lab.run_for(secs(1));
    assert_eq!(nodes.node(2).came[0].2, Time::ZERO + ms(30), "20 ms to c, 10 back to b");
    assert!(call.is_pending(), "listeners do not answer");
    let hash = lab.trace_hash();
    let base = || Topology::new(secs(1)).router("x").router("y");
    type Refused<'a> = (&'a str, Box<dyn Fn() + 'a>);
    let refused: [Refused<'_>; 8] = [
        ("there is a x already", Box::new(|| lab.set_topology(base().router("x")))),
        ("\"a b\" is no name", Box::new(|| lab.set_topology(base().router("a b")))),
        (
            "there is no router z; expected one of: x, y",
            Box::new(|| lab.set_topology(base().link("x", "z", way(ms(1))))),
        ),
        ("from x to itself", Box::new(|| lab.set_topology(base().link("x", "x", way(ms(1)))))),
        (
            "n0 is in two networks",
            Box::new(|| {
                lab.set_topology(base().network("v", nodes.nodes([0])).network("w", nodes.nodes([0, 1])));
            }),
        ),
        (
            "2 is not a probability",
            Box::new(|| {
                lab.set_topology(base().link("x", "y", LinkProfile { loss: 2.0, ..way(ms(1)) }));
            }),
        ),
        ("the time to converge cannot be -1s", Box::new(|| lab.set_topology(Topology::new(-secs(1))))),
        ("has no routers", Box::new(|| Lab::new(1).attach(netsplit_sim::Group::default(), "x"))),
    ];
    for (sentence, action) in refused {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(action)).expect_err(sentence);
        let message = panic.downcast_ref::<String>().expect("a sentence");
        assert!(message.contains(sentence), "{message}");
    }
    assert_eq!(lab.trace_hash(), hash);
    assert_eq!(lab.route(nodes.id(0), nodes.id(3)).to_string(), "a -> b -> c, 20ms");
}

#[test]
fn a_second_copy_takes_the_same_way() {
    // Doubled by the network, both copies take the links between the two networks.
    let (lab, nodes) = lab();
    lab.duplicate(1.0, netsplit_sim::Traffic::all().messages());
    assert_eq!(takes(&lab, &nodes, 0, 3), Some(ms(20)));
    let came = nodes.node(3).came;
    assert_eq!((came.len(), came[0].2), (2, came[1].2));
}

//! ABD in the laboratory: sentences of the papers, runs that teach something, and seeded fault plans.

mod faults;

use faults::{golden, linearizable_as, same_again, scenarios, survives};
use netsplit_algorithms::register::abd::{Abd, Config, Tag, TagsMonotone, TagsUnique, Writers};
use netsplit_check::spec::KeyValue;
use netsplit_node::{KeyValueResponse, NodeId, Outcome, Value, ms, secs};
use netsplit_sim::{Cluster, Lab, Latency, Traffic};

const MANY: Config = Config { writers: Writers::Many, ask_again_every: ms(50) };

fn registers(seed: u64, size: usize, config: Config) -> (Lab, Cluster<Abd>) {
    let lab = Lab::new(seed);
    let registers = lab.cluster("register", size, move |_id| Abd::new(config));
    registers.require(TagsMonotone::default());
    registers.require(TagsUnique::default());
    (lab, registers)
}

/// Lets one second pass for each of these calls, and returns how it ended.
fn outcome(lab: &Lab, call: &netsplit_sim::Call<Abd>) -> Option<Outcome<KeyValueResponse>> {
    lab.run_until(|| !call.is_pending(), secs(1));
    call.outcome()
}

fn read(value: impl Into<Value>) -> Option<Outcome<KeyValueResponse>> {
    Some(Outcome::Ok(KeyValueResponse::Value(Some(value.into()))))
}

const STORED: Option<Outcome<KeyValueResponse>> = Some(Outcome::Ok(KeyValueResponse::Stored));

#[test]
fn a_read_returns_the_last_write_wherever_it_is_asked() {
    // "Atomic" in the one case that needs no checker: one operation after the other, each at another node.
    let (lab, registers) = registers(1, 3, MANY);
    for round in 0..12 {
        let (writer, reader) = (registers.client_of(round % 3), registers.client_of((round + 1) % 3));
        assert_eq!(outcome(&lab, &writer.put("x", round as i64)), STORED);
        assert_eq!(outcome(&lab, &reader.get("x")), read(round as i64));
    }
    assert_eq!(registers.node(0).register("x").tag.number, 12, "each write is above the one before");
}

#[test]
fn operations_end_while_a_majority_is_up_and_no_longer() {
    // 1995, the abstract: the emulators work "provided that at least a majority of the processors are not faulty and remain connected".
    let (lab, registers) = registers(2, 5, MANY);
    let ann = registers.client_of(0);
    registers.crash(3);
    registers.crash(4);
    assert_eq!(outcome(&lab, &ann.put("x", 1)), STORED);
    registers.crash(2);
    let blocked = ann.put("x", 2);
    assert_eq!(outcome(&lab, &blocked), None, "two of five are no majority");
    registers.restart(4);
    assert_eq!(outcome(&lab, &blocked), STORED, "it was asked again");
}

#[test]
fn one_writer_writes_in_one_round_trip_and_many_in_two() {
    // 1995: the writer keeps its own sequence number; 1997: a writer that is not alone must first learn the newest tag.
    for (writers, round_trips) in [(Writers::One(NodeId(0)), 1), (Writers::Many, 2)] {
        let (lab, registers) = registers(3, 3, Config { writers, ..MANY });
        lab.set_latency(Latency::Constant(ms(10)));
        lab.set_sync_time(ms(0));
        let put = registers.client_of(0).put("x", 1);
        assert_eq!(outcome(&lab, &put), STORED);
        // To the node and back is one more.
        assert_eq!(lab.now() - netsplit_node::Time::ZERO, ms(20 * (round_trips + 1)), "{writers:?}");
    }
}

#[test]
fn the_only_writer_alone_writes() {
    // A refusal is definite: the other nodes have not done anything.
    let (lab, registers) = registers(4, 3, Config { writers: Writers::One(NodeId(0)), ..MANY });
    let refused = registers.client_of(1).put("x", 1);
    assert_eq!(outcome(&lab, &refused), Some(Outcome::Fail("only n0 writes".into())));
    assert_eq!(outcome(&lab, &registers.client_of(0).put("x", 2)), STORED);
    assert_eq!(outcome(&lab, &registers.client_of(1).get("x")), read(2));
}

#[test]
fn concurrent_writes_of_one_node_get_different_tags() {
    // Both queries end before either write begins; the tags must differ all the same.
    let (lab, registers) = registers(5, 3, MANY);
    lab.set_latency(Latency::Constant(ms(10)));
    let puts = [1, 2].map(|value| registers.client_of(0).put("x", value));
    lab.run_for(secs(1));
    assert!(puts.iter().all(|put| put.outcome() == STORED));
    assert_eq!(registers.node(1).register("x").tag, Tag { number: 2, writer: NodeId(0) });
}

#[test]
fn a_tag_that_was_given_out_is_known_after_a_crash() {
    // The write reaches the writer's own disk and nobody else; after the restart its next write must be above it.
    let (lab, registers) = registers(6, 3, MANY);
    let ann = registers.client_of(0);
    let cut = lab.partition([registers.nodes([0]), registers.nodes([1, 2])]);
    let lost = ann.put("x", 1).clone();
    lab.run_for(ms(100));
    assert!(
        lost.is_pending() && registers.node(0).register("x").tag == Tag::INITIAL,
        "its query is not answered"
    );
    lab.heal(cut);
    lab.lose_next(20, Traffic::all().from(registers.nodes([0])).to(registers.nodes([1, 2])).messages());
    lab.run_until(|| registers.node(0).register("x").tag.number == 1, secs(1));
    lab.run_for(ms(5));
    registers.crash(0);
    registers.restart(0);
    assert_eq!(
        registers.node(0).register("x").tag,
        Tag { number: 1, writer: NodeId(0) },
        "it is on the disk"
    );
    lab.heal_all();
    let next = registers.client_of(0).put("x", 2);
    assert_eq!(outcome(&lab, &next), STORED);
    assert_eq!(registers.node(0).register("x").tag.number, 2);
}

#[test]
fn a_read_writes_back_what_it_returns() {
    // Ann meets the new value at one node of her majority; this node and the writer are gone when bob asks, and he finds it all the same.
    let (lab, registers) = registers(7, 5, MANY);
    let has_the_second = |node: &Abd| node.register("x").tag.number == 2;
    let reads = scenarios::two_reads_after_a_write_that_did_not_end(&lab, &registers, has_the_second);
    assert_eq!(reads, [read(2), read(2)]);
    linearizable_as(KeyValue, &registers).unwrap();
    golden("abd-read-writes-back.txt", &lab.diagram().without_timers().since(ms(1010)).text());
}

fn under_faults(seed: u64) -> Result<(), String> {
    let writers = if seed.is_multiple_of(5) { Writers::One(NodeId(0)) } else { Writers::Many };
    let (lab, registers) = registers(seed, 3 + (seed % 3) as usize, Config { writers, ..MANY });
    scenarios::registers(&lab, &registers)
}

#[test]
fn a_run_is_the_same_again() {
    // Event by event, from its seed and what was done to it.
    same_again(|seed| registers(seed, 3, MANY), |(lab, registers)| scenarios::registers(lab, registers));
}

#[test]
fn two_thousand_fault_plans() {
    // Tags only grow and are never given twice, clients see one register, and a healed majority answers.
    survives(2_000, under_faults);
}

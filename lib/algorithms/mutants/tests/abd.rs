//! Every mutant of ABD is found, by the property that it breaks.

#[path = "../../tests/faults/mod.rs"]
mod faults;
mod hunt;

use faults::scenarios;
use netsplit_check::spec::KeyValue;
use netsplit_node::ms;
use netsplit_sim::Lab;

macro_rules! runs {
    () => {
        pub fn run(seed: u64) -> Result<(), String> {
            let config = subject::Config { writers: subject::Writers::Many, ask_again_every: ms(50) };
            let lab = Lab::new(seed);
            let size = 3 + (seed % 3) as usize;
            let registers = lab.cluster("register", size, move |_id| subject::Abd::new(config));
            registers.require(subject::TagsMonotone::default());
            registers.require(subject::TagsUnique::default());
            scenarios::registers(&lab, &registers)
        }
    };
}

#[test]
fn without_the_second_phase_a_later_read_returns_an_older_value() {
    // The run of ABD's own test in which a read writes back what it returns; here it does not, and the next read goes back in time.
    use netsplit_mutants::abd::reads_do_not_write_back as subject;
    let config = subject::Config { writers: subject::Writers::Many, ask_again_every: ms(50) };
    let lab = Lab::new(7);
    let registers = lab.cluster("register", 5, move |_id| subject::Abd::new(config));
    let has_the_second = |node: &subject::Abd| node.register("x").tag.number == 2;
    let reads = scenarios::two_reads_after_a_write_that_did_not_end(&lab, &registers, has_the_second);
    assert_eq!(
        reads.map(|read| read.map(|told| told.to_string())),
        [Some("Ok(2)".into()), Some("Ok(1)".into())]
    );
    let verdict = faults::linearizable_as(KeyValue, &registers).expect_err("it is not linearizable");
    assert!(verdict.contains("then ann's get of x read 2 had ended"), "{verdict}");
}

found! {
    abd, right netsplit_algorithms::register::abd,
    reads_do_not_write_back seed 203,
    queries_ask_too_few seed 42,
    writers_do_not_query seed 54,
    tags_without_writer seed 0,
    own_tag_given_twice seed 26,
    acknowledged_before_the_disk seed 1,
}

//! `shrink/raft`: a run of 10,000 events of a wrong Raft, in which a leader lacks what was committed, cut down to what that needs.
//!
//! Prints the seconds that it takes. What is left is printed with `--show`; `SEED` names another run.

use std::time::Instant;

use netsplit::{FaultPlan, Keys, Lab, Nemesis, Workload, ms, secs};
use netsplit_mutants::raft::any_candidate_will_do as wrong;
use netsplit_sim::FaultKind;

fn run(seed: u64) -> Lab {
    let lab = Lab::new(seed);
    lab.keep_events(0);
    let raft = lab.cluster("raft", 5, |_id| wrong::Raft::<wrong::KeyValueStore>::new(wrong::Config::paper()));
    raft.require(wrong::LeaderCompleteness::default());
    let kinds = [FaultKind::Crash, FaultKind::Isolate, FaultKind::Partition, FaultKind::Loss];
    let plan: FaultPlan = Nemesis::of(raft.all(), kinds).every(secs(1)).lasting(ms(300)).plan(seed, secs(60));
    lab.play(plan);
    raft.load(
        Workload::closed(3).thinking(ms(40)).with_deadline(ms(500)),
        Keys::uniform(5).reads_and_writes(0.3),
    );
    let _ = lab.try_run_for(secs(60));
    lab
}

fn main() {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(16);
    let lab = run(seed);
    assert!(lab.events_handled() > 10_000 || seed != 16, "{} events are too few", lab.events_handled());
    let start = Instant::now();
    let small = lab.shrink_violation("LeaderCompleteness");
    let seconds = start.elapsed().as_secs_f64();
    if std::env::args().any(|argument| argument == "--show") {
        println!("{small}\n{}", small.diagram().text());
    }
    println!("{{\"value\": {seconds:.3}, \"unit\": \"s\"}}");
}

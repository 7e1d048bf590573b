//! Every mutant of the caller of remote procedures is found, by the property that it breaks.

#[path = "../../tests/faults/mod.rs"]
mod faults;
mod hunt;
#[path = "../../tests/rpc/till.rs"]
mod till;

use netsplit_algorithms::idempotency::{Charge, IdempotencyKey};
use netsplit_algorithms::rpc::{Backoff, Jitter, RetryPolicy};
use netsplit_node::{Outcome, ms, secs};
use netsplit_sim::{FaultKind, Lab, Workload};
use till::{Ledger, Till};

fn coffee(order: u64) -> Charge {
    Charge { key: IdempotencyKey::new(format!("order-{order}")), card: "4242".into(), cents: 350 }
}

macro_rules! runs {
    () => {
        pub fn run(seed: u64) -> Result<(), String> {
            let backoff = Backoff { base: ms(10), cap: ms(200), jitter: Jitter::Full };
            let config = subject::Config {
                deadline: secs(5),
                attempt_timeout: ms(100),
                retry: RetryPolicy { attempts: 3, backoff, budget: None },
                hedge: subject::Hedge::Never,
            };
            let lab = Lab::new(seed);
            lab.keep_events(0);
            // A till that closes after some orders: its refusals meet orders that it has charged, and whose answers were lost.
            let tills = lab.cluster("till", 1, |_id| Till::new(Ledger::ClosesAfter(10)));
            let addresses = vec![tills.address(0)];
            let callers =
                lab.cluster("caller", 2, move |_id| subject::Caller::new(config, addresses.clone()));
            let workload = Workload::closed(4).thinking(ms(20)).with_deadline(secs(8)).at_most(30);
            let load = callers.load(workload, |_random, order| coffee(order));
            lab.play(faults::plan_of(
                &[FaultKind::Loss, FaultKind::Isolate, FaultKind::Delay],
                &lab,
                &tills,
                ms(600),
            ));
            faults::run_for(&lab, ms(600))?;
            load.stop();
            lab.heal_core(tills.all().and(callers.all()));
            faults::run_for(&lab, secs(20))?;
            let (mut asked, mut told) = (0, 0);
            for operation in &callers.history() {
                let charged = tills.node(0).charges().get(&operation.request.key).copied().unwrap_or(0);
                if matches!(&operation.outcome, Some(Outcome::Fail(_))) && charged > 0 {
                    return Err(format!("FailMeansNo is violated: {operation:?}"));
                }
                asked += 1;
                told += u32::from(matches!(&operation.outcome, Some(Outcome::Ok(_) | Outcome::Fail(_))));
            }
            if told * 3 < asked * 2 {
                return Err(format!("Progress is violated: {told} of {asked} were told anything"));
            }
            Ok(())
        }
    };
}

found! {
    caller, right netsplit_algorithms::rpc::caller,
    a_time_out_is_a_failure seed 0,
    only_the_last_attempt_counts seed 0,
    asks_once seed 1,
}

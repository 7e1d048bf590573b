//! Every mutant of leases is found, by the property that it breaks.

mod hunt;

use netsplit_node::{NodeId, Outcome, Random, Time, ms, ns};
use netsplit_sim::{Fault, Lab};

/// So many millionths a clock may be wrong: much, so that a few steps show it.
const DRIFT: i64 = 100_000;

macro_rules! runs {
    () => {
        pub fn run(seed: u64) -> Result<(), String> {
            let (lab, mut random) = (Lab::new(seed), Random::new(seed));
            let config = subject::Config { length: ms(200), drift_ppm: DRIFT };
            let server = lab.cluster("locks", 1, move |_id| subject::LeaseServer::new(config));
            let mut drift = || random.between(-ns(DRIFT), ns(DRIFT)).as_nanos();
            lab.inject(Fault::ClockDrift { nodes: server.nodes([0]), ppb: drift() * 1_000 });
            let drifts = [drift(), drift(), drift()];
            let shown = |holder: usize| {
                let elapsed = (lab.now() - Time::ZERO).as_nanos();
                Time::ZERO + ns(elapsed + elapsed / 1_000_000 * drifts[holder])
            };
            let mut held: [Option<subject::HeldLease>; 3] = [None; 3];
            let mut highest = 0;
            for _ in 0..150 {
                let holder = random.below(3) as usize;
                let asked = shown(holder);
                let call = server.client_of(0).call(subject::Ask::Acquire { holder: NodeId(holder as u32) });
                lab.run_until(|| !call.is_pending(), ms(20));
                if let Some(Outcome::Ok(subject::Told::Granted { token })) = call.outcome() {
                    if token.0 < highest {
                        return Err(format!("TokensGrow is violated: {token:?} after {highest}"));
                    }
                    highest = token.0;
                    held[holder] = Some(subject::HeldLease::new(token, asked, config));
                }
                let valid =
                    |holder: &usize| held[*holder].is_some_and(|lease| lease.is_valid(shown(*holder)));
                let holders: Vec<usize> = (0..3).filter(valid).collect();
                if holders.len() > 1 {
                    return Err(format!("OneHolder is violated: {holders:?} at {}", lab.now()));
                }
                if random.chance(0.05) {
                    server.crash(0);
                    server.restart(0);
                }
                if let Some(ended) =
                    held[holder].filter(|lease| !lease.is_valid(shown(holder)) && random.chance(0.3))
                {
                    server.client_of(0).call(subject::Ask::Release { token: ended.token });
                }
                lab.run_for(random.between(ms(1), ms(40)));
            }
            Ok(())
        }
    };
}

found! {
    lease, right netsplit_algorithms::replication::lease,
    drift_forgotten_by_the_server seed 17,
    drift_forgotten_by_the_holder seed 17,
    free_after_a_restart seed 0,
    any_release_frees_it seed 5,
    tokens_not_persisted seed 0,
}

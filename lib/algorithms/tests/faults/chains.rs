//! Chains under faults: generic over the servers and their master, so that wrong variants go through the same runs.

use netsplit_check::spec::KeyValue;
use netsplit_node::{KeyValueRequest, KeyValueResponse, Node, Outcome, Service, ms, secs};
use netsplit_sim::{Cluster, FaultKind, Keys, Lab, Workload};

use super::{linearizable_as, plan_for, run_for};

/// Clients of all servers read and write two keys, while servers and the master crash, pause, and are cut off from each other; then all are healed, and a head
/// and a tail must answer. Clients see one store.
pub fn under_faults<S, M>(lab: &Lab, servers: &Cluster<S>, masters: &Cluster<M>) -> Result<(), String>
where
    S: Service<Request = KeyValueRequest, Response = KeyValueResponse>,
    M: Node,
{
    lab.keep_events(0);
    lab.end_on_panic();
    run_for(lab, ms(100))?;
    let workload =
        Workload::closed(3 * servers.size() as u32).thinking(ms(20)).with_deadline(ms(200)).at_most(250);
    let load = servers.load(workload, Keys::uniform(2).reads_and_writes(0.5));
    let all = servers.all().and(masters.all());
    lab.play(plan_for(&FaultKind::CRASH_RECOVERY, lab, all.clone(), secs(2)));
    run_for(lab, secs(2))?;
    load.stop();
    lab.heal_core(all);
    head_and_tail_answer(lab, servers)?;
    linearizable_as(KeyValue, servers)
}

/// Within 30 seconds some server stores something, and some server answers a query.
fn head_and_tail_answer<S>(lab: &Lab, servers: &Cluster<S>) -> Result<(), String>
where
    S: Service<Request = KeyValueRequest, Response = KeyValueResponse>,
{
    for round in 0..100 {
        let clients = || (0..servers.size()).map(|index| servers.client_of(index));
        let puts: Vec<_> = clients().map(|client| client.put("k0", 1_000_000 + round)).collect();
        let gets: Vec<_> = clients().map(|client| client.get("k0")).collect();
        run_for(lab, ms(300))?;
        let answered = |calls: &[netsplit_sim::Call<S>]| {
            calls.iter().any(|call| matches!(call.outcome(), Some(Outcome::Ok(_))))
        };
        if answered(&puts) && answered(&gets) {
            return Ok(());
        }
    }
    Err(format!("Progress is violated: head and tail do not answer after the healing\n{servers:?}"))
}

//! Leases and answers that come late: a promise not to vote holds from when it was asked for, not from when it was heard of.

use netsplit_check::{Check, linearizable, spec};
use netsplit_node::{KeyValueRequest, NodeId, Outcome, ms, secs};
use netsplit_sim::{Fault, Lab, Traffic};

use crate::scenario::{Subject, Told, history_of};

/// The followers' answers take 140 ms. The leader is cut off while some are under way; the others elect another, and a client of
/// theirs writes while one of the old leader reads again and again. Returns whether what the clients saw is linearizable.
pub fn is_linearizable<S: Subject>(seed: u64, factory: impl Fn(NodeId) -> S + Send + 'static) -> bool {
    let lab = Lab::new(seed);
    let raft = lab.cluster("raft", 3, factory);
    let leads = |index: usize| raft.inspect(index).role.as_deref() == Some("leader");
    lab.run_for(secs(1));
    let Some(old) = (0..3).find(|&index| leads(index)) else { return true };
    let others: Vec<usize> = (0..3).filter(|&index| index != old).collect();
    let (reader, writer) =
        (raft.client_of(old), raft.client_of(others[0]).with_deadline(ms(20)).with_retries(100));
    let register = writer.call(S::register());
    lab.run_until(|| !register.is_pending(), secs(2));
    let Some(Told::Registered(session)) = register.outcome().and_then(Outcome::ok).map(S::told) else {
        return true;
    };
    let late = Traffic::all().from(raft.nodes(others.clone())).to(raft.nodes([old]));
    lab.inject(Fault::Delay { by: ms(140), traffic: late });
    lab.run_for(ms(400));
    lab.partition([raft.nodes([old]), raft.nodes(others)]);
    writer.call(S::once(session, 1, KeyValueRequest::Put { key: "x".into(), value: 1.into() }));
    for _ in 0..100 {
        reader.call(S::query(KeyValueRequest::Get { key: "x".into() }));
        lab.run_for(ms(5));
    }
    history_of(&raft).check(linearizable(spec::KeyValue)).holds()
}

//! Raft as a subject of scenarios, and the configurations in which it is tried.

/// Implements `Subject` for the Raft in the module `$raft`: the library's, or a wrong variant of it.
#[macro_export]
macro_rules! subject {
    ($raft:path) => {
        const _: () = {
            use raft::{KeyValueStore, Raft, SessionRequest, SessionResponse, Sessions};
            use $raft as raft;
            impl $crate::scenario::Subject for Raft<Sessions<KeyValueStore>> {
                fn register() -> Self::Request {
                    SessionRequest::RegisterClient
                }
                fn once(
                    client: u64,
                    sequence: u64,
                    command: netsplit_node::KeyValueRequest,
                ) -> Self::Request {
                    SessionRequest::ClientRequest { client, sequence, command }
                }
                fn query(read: netsplit_node::KeyValueRequest) -> Self::Request {
                    SessionRequest::ClientQuery(read)
                }
                fn asked(request: &Self::Request) -> Option<netsplit_node::KeyValueRequest> {
                    match request {
                        SessionRequest::ClientRequest { command, .. }
                        | SessionRequest::ClientQuery(command) => Some(command.clone()),
                        SessionRequest::RegisterClient | SessionRequest::ChangeMembership(_) => None,
                    }
                }
                fn told(response: Self::Response) -> $crate::scenario::Told {
                    match response {
                        SessionResponse::Registered(session) => $crate::scenario::Told::Registered(session),
                        SessionResponse::Response(response) => $crate::scenario::Told::Response(response),
                        _ => $crate::scenario::Told::Nothing,
                    }
                }
                fn require_all(cluster: &netsplit_sim::Cluster<Self>) {
                    cluster.require(raft::ElectionSafety::default());
                    cluster.require(raft::LeaderAppendOnly::default());
                    cluster.require(raft::LogMatching::default());
                    cluster.require(raft::LeaderCompleteness::default());
                    cluster.require(raft::StateMachineSafety::default());
                }
            }
        };
    };
}

/// A configuration drawn from a seed, in the module `$raft`: every extension on or off, every way to read, small and large messages.
#[macro_export]
macro_rules! drawn_config {
    ($raft:path, $seed:expr) => {{
        use $raft as raft;
        let mut random = netsplit_node::Random::stream($seed, &[8]);
        let check_quorum = if random.chance(0.5) { raft::CheckQuorum::On } else { raft::CheckQuorum::Off };
        let reads = match (random.below(3), check_quorum) {
            (0, _) => raft::Reads::ThroughLog,
            (1, raft::CheckQuorum::On) => raft::Reads::Lease { drift_ppm: 1_000 },
            _ => raft::Reads::ReadIndex,
        };
        raft::Config {
            pre_vote: if random.chance(0.5) { raft::PreVote::On } else { raft::PreVote::Off },
            check_quorum,
            reads,
            compaction: if random.chance(0.3) {
                raft::Compaction::Never
            } else {
                raft::Compaction::Every(3 + random.below(30))
            },
            entries_per_message: [1, 3, 64][random.below(3) as usize],
            snapshot_bytes_per_message: [16, 100, 10_000][random.below(3) as usize],
            ..raft::Config::paper()
        }
    }};
}

subject!(netsplit_algorithms::consensus::raft);

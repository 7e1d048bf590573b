//! Servers of a register and their clients: each client writes a value of its own to one server, then reads at the next.

use std::hash::Hash;

use netsplit_check::spec::{Register, RegisterRequest, RegisterResponse};
use netsplit_node::{Node, NodeId, Service};
use netsplit_sim::explore::{Explore, Nodes, explore};

/// So many servers made by `server`, so many clients: linearizability, and that something is ever read.
pub fn registers<N>(
    servers: usize,
    clients: usize,
    server: impl Fn(NodeId) -> N + Send + Sync + 'static,
) -> Explore<Nodes<N>>
where
    N: Service<Request = RegisterRequest, Response = RegisterResponse> + Sync + Eq + Hash,
    <N as Node>::Message: Sync + Eq + Hash,
    <N as Node>::Timer: Sync + Eq + Hash,
{
    let nodes = (0..clients).fold(Nodes::new(servers, server), |nodes, client| {
        // Clients stand behind the servers in one row of numbers, which decides whom each asks first.
        let number = servers + client;
        let write = RegisterRequest::Write((client as i64 + 1).into());
        nodes.client([(number % servers, write), ((number + 1) % servers, RegisterRequest::Read)])
    });
    let is_read = |nodes: &Nodes<N>, world: &_| {
        nodes.answers(world).any(|answer| matches!(answer, RegisterResponse::Value(Some(_))))
    };
    explore(nodes).linearizable(Register).sometimes("a value is read", is_read)
}

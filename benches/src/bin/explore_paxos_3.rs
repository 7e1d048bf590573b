//! `explore/paxos_3`: nodes of single-decree Paxos with three clients, linearizability judged in every state.

#[path = "../../../lib/sim/tests/explore/registers.rs"]
mod registers;
#[path = "../../../lib/sim/tests/explore/single_decree_paxos.rs"]
mod single_decree_paxos;

use netsplit_benches::exploring::print_seconds;
use registers::registers;
use single_decree_paxos::Paxos;

fn main() {
    print_seconds(&registers(3, 3, Paxos::new), 1_194_428);
}

//! `explore/single_copy_4`: one node that is a register, with four clients, linearizability judged in every state.

#[path = "../../../lib/sim/tests/explore/registers.rs"]
mod registers;
#[path = "../../../lib/sim/tests/explore/single_copy.rs"]
mod single_copy;

use netsplit_benches::exploring::print_seconds;
use registers::registers;
use single_copy::SingleCopy;

fn main() {
    print_seconds(&registers(1, 4, |_| SingleCopy::default()), 400_233);
}

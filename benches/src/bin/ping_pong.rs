//! `sim/ping_pong`: 500 pairs play with a message of 200 bytes over latencies of 1 to 2 ms, a loss rule installed, no trace.
//!
//! Prints the events handled per second of real time, in millions, the median of several runs. The same game, compiled as a
//! notebook cell is (unoptimised, against the optimised library), gives `sim/cell_node`.

use netsplit_benches::game;

fn main() {
    game::print_median("million events/s", |_| game::million_events_per_second(&game::begun(1000, 0), 40));
}

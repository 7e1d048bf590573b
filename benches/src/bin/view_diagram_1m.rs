//! `view/diagram_1m`: the diagram of a million events, from the trace to everything that a notebook is given: page, picture and text.
//!
//! Prints milliseconds, the median of several runs; more than 2 MB in all is an error.

use netsplit::Diagram;
use netsplit_benches::histories::milliseconds;
use netsplit_benches::{game, runs};

fn main() {
    let trace = runs::raft_with_faults(1_000_000);
    let bytes: usize = Diagram::of(&trace).forms().iter().map(|(_, content)| content.len()).sum();
    eprintln!("{bytes} bytes");
    assert!(bytes <= 2_000_000, "all forms together have {bytes} bytes");
    game::print_median("ms", |_| {
        milliseconds(|| {
            let forms = Diagram::of(&trace).forms();
            assert!(forms.iter().all(|(_, content)| !content.is_empty()));
        })
    });
}

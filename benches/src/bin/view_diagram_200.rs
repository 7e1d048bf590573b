//! `view/diagram_200`: the diagram of 200 events, from the trace to everything that a notebook is given: page, picture and text.
//!
//! Prints milliseconds, the median of several runs; a page of more than 80 kB is an error. The run is one of Raft with a client, a cut and
//! a crash, with the nodes' states, so that everything that a diagram can show is in it.

use netsplit::Diagram;
use netsplit_benches::histories::milliseconds;
use netsplit_benches::{game, runs};

fn main() {
    let trace = runs::raft_with_faults(200);
    let bytes = Diagram::of(&trace).html().len();
    eprintln!("{bytes} bytes");
    assert!(bytes <= 80_000, "the page has {bytes} bytes");
    game::print_median("ms", |_| {
        milliseconds(|| {
            let forms = Diagram::of(&trace).forms();
            assert!(forms.iter().all(|(_, content)| !content.is_empty()));
        })
    });
}

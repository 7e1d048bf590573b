//! `check/kv_c10`: ten clients at ten keys that get, put and append, judged as one history that nobody divides by its keys.
//!
//! Prints milliseconds, the median of several runs. The history is linearizable; reading it is not counted.

use netsplit::check::import;
use netsplit::{linearizable, spec};
use netsplit_benches::game;
use netsplit_benches::histories::{KV_C10_OK, milliseconds};

fn main() {
    let history = import::append_store(KV_C10_OK).expect("it is a record");
    game::print_median("ms", |_| {
        milliseconds(|| {
            let judgement = linearizable(spec::AppendStore).undivided().on_threads(1).judge(&history);
            assert!(judgement.holds(), "the verdict is known");
        })
    });
}

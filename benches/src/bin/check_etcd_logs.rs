//! `check/etcd_logs`: twenty logs of etcd under Jepsen, sixteen of them not linearizable, judged one after the other on one thread.
//!
//! Prints milliseconds for all twenty, the median of several runs. Reading the logs is not counted; explaining what is wrong is.

use netsplit::check::import;
use netsplit::{linearizable, spec};
use netsplit_benches::game;
use netsplit_benches::histories::{ETCD, milliseconds};

fn main() {
    let histories = ETCD.map(|text| import::jepsen_register(text).expect("it is a log"));
    game::print_median("ms", |_| {
        milliseconds(|| {
            let checker = linearizable(spec::CasRegister).on_threads(1);
            let holding = histories.iter().filter(|history| checker.judge(history).holds()).count();
            assert_eq!(holding, 4, "the verdicts are known");
        })
    });
}

//! An echo, and a test that waits for it as long as it takes.

use netsplit::grade::{Case, Exercise, Rule};
use netsplit::ms;

pub fn exercise() -> Exercise {
    Exercise::new("echo", "Say it again", 10.0, Rule::Proportional)
        .service("Echo", "u64", "u64")
        .visible("it comes back", 1, waits)
}

/// Waits for the echo in a loop, without a limit.
pub fn waits(case: &mut Case) {
    let echoes = case.submitted::<u64, u64>("Echo").start(1);
    let call = echoes.client_of(0).call(7);
    let heard = loop {
        if let Some(heard) = call.outcome().and_then(|it| it.ok()) {
            break heard;
        }
        case.lab().run_for(ms(1));
    };
    case.expect("what was said comes back", heard == 7);
}

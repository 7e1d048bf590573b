//! `NAME`: a server answers with twice the number that it is asked. Replace this by your exercise.

use netsplit::grade::{Case, Exercise, Rule};
use netsplit::secs;

use super::given::*;

/// The exercise, with the tests that everybody sees.
pub fn exercise() -> Exercise {
    Exercise::new("NAME", "Twice as much", 10.0, Rule::Proportional)
        .service("Doubler", "Question", "u64")
        .visible("one question", 1, |case| ask(case, 1))
        .visible("three questions", 2, |case| ask(case, 3))
}

/// Asks so many questions. Whatever is random comes from the case, so that a seed always gives the same.
pub fn ask(case: &mut Case, often: u64) {
    let servers = case.submitted::<Question, u64>("Doubler").start(1);
    let client = servers.client_of(0);
    for _ in 0..often {
        let number = case.random().below(1_000);
        let call = client.call(Question { number });
        case.lab().run_for(secs(5));
        let told = call.outcome().and_then(|it| it.ok());
        case.liveness("every question is answered", told.is_some());
        case.expect("the answer is twice the number", told == Some(2 * number));
    }
}

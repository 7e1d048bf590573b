//! The answer to `calm` as students get it.
// answer: calm
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Signal {
    Beat, // what your nodes tell each other
}

#[derive(Clone, Debug, Default)]
struct Detector;

impl Node for Detector {
    type Message = Signal;
    type Timer = ();
}

impl Service for Detector {
    type Request = HowIsTheLink;
    type Response = Link;

    fn on_request(&mut self, call: CallId, _: HowIsTheLink, ctx: &mut Context<Self>) {
        let _ = (call, ctx); // your answer
    }
}

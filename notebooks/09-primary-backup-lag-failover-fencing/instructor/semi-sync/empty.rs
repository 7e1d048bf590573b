//! The answer to `semi-sync` as students get it.
// answer: semi-sync
#[derive(Clone, Debug, Default)]
struct Replica;

impl Node for Replica {
    type Message = ();
    type Timer = ();
}

impl Service for Replica {
    type Request = Ask;
    type Response = Told;

    fn on_request(&mut self, call: CallId, ask: Ask, ctx: &mut Context<Self>) {
        let _ = (call, ask, ctx); // your answer
    }
}

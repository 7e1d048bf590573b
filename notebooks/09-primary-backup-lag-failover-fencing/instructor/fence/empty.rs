//! The answer to `fence` as students get it.
// answer: fence
#[derive(Clone, Debug, Default)]
struct Store;

impl Node for Store {
    type Message = ();
    type Timer = ();
}

impl Service for Store {
    type Request = Ask;
    type Response = Told;

    fn on_request(&mut self, call: CallId, ask: Ask, ctx: &mut Context<Self>) {
        let _ = (call, ask, ctx); // your answer
    }
}

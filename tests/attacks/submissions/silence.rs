//! An attack: who says nothing says nothing wrong.
// defence: safety alone passes no case: everybody must be told
// answer: agree
#[derive(Clone, Debug, Default)]
struct Replica {}


impl Node for Replica {
    type Message = ();
    type Timer = ();
}

impl Service for Replica {
    type Request = u64;
    type Response = u64;

    fn on_request(&mut self, call: CallId, value: u64, ctx: &mut Context<Self>) {
        let _ = (call, value, ctx);
    }
}

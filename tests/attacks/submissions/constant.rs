//! An attack: everybody decides seven.
// defence: what is decided must have been proposed
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
        let _ = value;
        ctx.reply(call, 7);
    }
}

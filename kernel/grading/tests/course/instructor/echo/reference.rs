//! The answer as it should be.
// answer: echo
#[derive(Clone, Debug, Default)]
struct Echo;

impl Node for Echo {
    type Message = ();
    type Timer = ();
}

impl Service for Echo {
    type Request = u64;
    type Response = u64;

    fn on_request(&mut self, call: CallId, said: u64, ctx: &mut Context<Self>) {
        ctx.reply(call, said);
    }
}

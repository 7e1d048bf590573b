//! An attack: replicas agree by the second of the machine's clock.
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
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let _ = value;
        ctx.reply(call, now);
    }
}

//! An attack: replicas agree by a static.
// defence: each life of a node is a process of its own, and nothing is loaded before it is made
// answer: agree
#[derive(Clone, Debug, Default)]
struct Replica {}

static DECIDED: std::sync::OnceLock<u64> = std::sync::OnceLock::new();

impl Node for Replica {
    type Message = ();
    type Timer = ();
}

impl Service for Replica {
    type Request = u64;
    type Response = u64;

    fn on_request(&mut self, call: CallId, value: u64, ctx: &mut Context<Self>) {
        ctx.reply(call, *DECIDED.get_or_init(|| value));
    }
}

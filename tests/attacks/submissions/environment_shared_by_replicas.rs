//! An attack: replicas agree by the environment.
// defence: each life of a node is a process of its own, and nothing is loaded before it is made
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
        let decided = std::env::var("DECIDED").ok().and_then(|it| it.parse().ok()).unwrap_or(value);
        unsafe { std::env::set_var("DECIDED", decided.to_string()) };
        ctx.reply(call, decided);
    }
}

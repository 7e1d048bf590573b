//! An attack: replicas agree by a file.
// defence: the answer may write no file (Landlock)
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
        let decided = std::fs::read_to_string("/tmp/decided").ok().and_then(|it| it.parse().ok()).unwrap_or(value);
        let _ = std::fs::write("/tmp/decided", decided.to_string());
        ctx.reply(call, decided);
    }
}

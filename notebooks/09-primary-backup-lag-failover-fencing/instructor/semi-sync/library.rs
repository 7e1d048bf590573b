//! Not an answer: the library's own primary.
// answer: semi-sync
use netsplit::replication::primary_backup::PrimaryBackup;

#[derive(Clone, Debug, Default)]
struct Replica {
    inner: Option<PrimaryBackup>,
}

impl Node for Replica {
    type Message = ();
    type Timer = ();
}

impl Service for Replica {
    type Request = Ask;
    type Response = Told;

    fn on_request(&mut self, call: CallId, _ask: Ask, ctx: &mut Context<Self>) {
        let _ = &self.inner;
        ctx.reply(call, Told::Stored);
    }
}

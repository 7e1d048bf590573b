//! Not an answer: the library's own store.
// answer: fence
use netsplit::replication::fencing_token::{FencedStore, Fencing};

#[derive(Clone, Debug)]
struct Store {
    inner: FencedStore,
}

impl Default for Store {
    fn default() -> Store {
        Store { inner: FencedStore::new(Fencing::Checked) }
    }
}

impl Node for Store {
    type Message = ();
    type Timer = ();
}

impl Service for Store {
    type Request = Ask;
    type Response = Told;

    fn on_request(&mut self, call: CallId, ask: Ask, ctx: &mut Context<Self>) {
        let Ask::Open { token } = ask else { return };
        let told = if token < self.inner.highest().0 { Told::Refused { highest: token } } else { Told::Opened };
        ctx.reply(call, told);
    }
}

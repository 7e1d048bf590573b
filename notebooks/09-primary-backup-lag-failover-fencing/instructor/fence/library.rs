//! Not an answer: the library's own store.
// answer: fence
use netsplit::replication::fencing_token::{FencedStore, Fencing};

#[derive(Clone, Debug)]
struct FencedFiles {
    inner: FencedStore,
}

impl Default for FencedFiles {
    fn default() -> FencedFiles {
        FencedFiles { inner: FencedStore::new(Fencing::Checked) }
    }
}

impl Node for FencedFiles {
    type Message = ();
    type Timer = ();
}

impl Service for FencedFiles {
    type Request = StoreAsk;
    type Response = StoreTold;

    fn on_request(&mut self, call: CallId, ask: StoreAsk, ctx: &mut Context<Self>) {
        let StoreAsk::Open { token } = ask else { return };
        let told = if token < self.inner.highest().0 {
            StoreTold::Refused { highest: token }
        } else {
            StoreTold::Opened
        };
        ctx.reply(call, told);
    }
}

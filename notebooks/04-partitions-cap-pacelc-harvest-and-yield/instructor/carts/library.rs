//! Not an answer: the library's own store.
// answer: carts
use replication::tunable_store::{Config, Message, Policy, Timer, TunableStore};

#[derive(Clone, Debug)]
struct CartStore {
    inner: TunableStore,
}

impl Default for CartStore {
    fn default() -> CartStore {
        let config = Config {
            policy: Policy::Refuse,
            patience: ms(300),
            ask_again_every: ms(100),
            exchange_every: ms(400),
        };
        CartStore { inner: TunableStore::new(config) }
    }
}

impl Node for CartStore {
    type Message = Message;
    type Timer = Timer;
}

impl Service for CartStore {
    type Request = CartRequest;
    type Response = CartResponse;

    fn on_request(&mut self, call: CallId, request: CartRequest, ctx: &mut Context<Self>) {
        let _ = (&self.inner, call, request, ctx);
    }
}

//! An attack: a thread-local keeps what the crash should lose.
// defence: each life of a node is a process of its own, and nothing is loaded before it is made
// answer: memory
#[derive(Clone, Debug, Default)]
struct Store {
    kept: std::collections::BTreeMap<u32, u32>,
}

thread_local! { static KEPT: std::cell::RefCell<std::collections::BTreeMap<u32, u32>> = const { std::cell::RefCell::new(std::collections::BTreeMap::new()) }; }

impl Node for Store {
    type Message = ();
    type Timer = ();

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        let _ = ctx;
        
    }
}

impl Service for Store {
    type Request = Ask;
    type Response = Answered;

    fn on_request(&mut self, call: CallId, ask: Ask, ctx: &mut Context<Self>) {
        
        match ask {
            Ask::Put { key, value } => {
                KEPT.with_borrow_mut(|it| it.insert(key, value));
                ctx.reply(call, Answered::Stored);
            }
            Ask::Get { key } => {
                let value = KEPT.with_borrow(|it| it.get(&key).copied());
                ctx.reply(call, Answered::Value(value));
            }
        }
        
    }
}

//! An attack: a thread keeps it.
// defence: an answer may have no company: fork and threads are denied (seccomp)
// answer: memory
#[derive(Clone, Debug, Default)]
struct Store {
    kept: std::collections::BTreeMap<u32, u32>,
}


impl Node for Store {
    type Message = ();
    type Timer = ();

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        let _ = ctx;
        let _ = std::thread::Builder::new().spawn(|| loop { std::thread::park() });
    }
}

impl Service for Store {
    type Request = Ask;
    type Response = Answered;

    fn on_request(&mut self, call: CallId, ask: Ask, ctx: &mut Context<Self>) {
        
        match ask {
            Ask::Put { key, value } => {
                self.kept.insert(key, value);
                ctx.reply(call, Answered::Stored);
            }
            Ask::Get { key } => {
                let value = self.kept.get(&key).copied();
                ctx.reply(call, Answered::Value(value));
            }
        }
        
    }
}

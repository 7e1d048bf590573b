//! An attack: a hook takes the words of panics, so that none is seen.
// defence: a panic is known by its reply, and a reply by its question; what a process prints is read by nobody
// instead of: memory-silent
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
        std::panic::set_hook(Box::new(|_| {}));
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
                let value = match self.kept.get(&key) { Some(value) => Some(*value), None => panic!("forgotten") };
                ctx.reply(call, Answered::Value(value));
            }
        }
        
    }
}

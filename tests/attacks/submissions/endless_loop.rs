//! An attack: a loop without end, so that the judge gives up.
// defence: the processor's time is bounded; after three such cases the rest is lost
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
                let value = match self.kept.get(&key) { Some(value) => Some(*value), None => loop { std::hint::spin_loop() } };
                ctx.reply(call, Answered::Value(value));
            }
        }
        
    }
}

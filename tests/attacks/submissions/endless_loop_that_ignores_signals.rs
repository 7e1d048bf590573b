//! An attack: the signal that ends it is ignored.
// defence: the second limit of the processor's time cannot be ignored
// instead of: memory-silent
// answer: memory
#[derive(Clone, Debug, Default)]
struct Store {
    kept: std::collections::BTreeMap<u32, u32>,
}

unsafe extern "C" {
    fn signal(signal: i32, handler: usize) -> usize;
}

impl Node for Store {
    type Message = ();
    type Timer = ();

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        let _ = ctx;
        for number in 1..64 { unsafe { signal(number, 1) }; }
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

//! An attack: a value whose drop panics turns one panic into an abort.
// defence: a process that ends is trouble: its case is lost
// instead of: memory-silent
// answer: memory
#[derive(Clone, Debug, Default)]
struct Store {
    kept: std::collections::BTreeMap<u32, u32>,
}

struct Twice;
impl Drop for Twice { fn drop(&mut self) { panic!("twice") } }

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
                let value = { let _twice = Twice; match self.kept.get(&key) { Some(value) => Some(*value), None => panic!("once") } };
                ctx.reply(call, Answered::Value(value));
            }
        }
        
    }
}

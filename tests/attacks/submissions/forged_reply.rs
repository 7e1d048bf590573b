//! An attack: a reply is written to every open file, before the handler returns.
// defence: a reply that comes too early answers the next question, and is judged as that: data, which can say no more than what a node may do
// answer: memory
#[derive(Clone, Debug, Default)]
struct Store {
    kept: std::collections::BTreeMap<u32, u32>,
}

unsafe extern "C" {
    fn write(file: i32, bytes: *const u8, count: usize) -> isize;
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
        let forged = [3_u8, 0, 0, 0, 0, 0, 0]; for file in 3..32 { unsafe { write(file, forged.as_ptr(), forged.len()) }; }
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

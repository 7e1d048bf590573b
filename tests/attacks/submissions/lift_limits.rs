//! An attack: its own limits are lifted first.
// defence: hard limits are set, and changing limits is denied (seccomp)
// answer: memory
#[derive(Clone, Debug, Default)]
struct Store {
    kept: std::collections::BTreeMap<u32, u32>,
}

unsafe extern "C" {
    fn setrlimit(resource: i32, limits: *const u64) -> i32;
}

impl Node for Store {
    type Message = ();
    type Timer = ();

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        let _ = ctx;
        for resource in 0..16 { unsafe { setrlimit(resource, [u64::MAX, u64::MAX].as_ptr()) }; } let all: Vec<u8> = vec![1; 3 << 30]; std::hint::black_box(&all);
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

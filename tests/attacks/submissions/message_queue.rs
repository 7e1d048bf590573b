//! An attack: a POSIX message queue keeps it.
// defence: system calls for sharing are denied (seccomp)
// answer: memory
#[derive(Clone, Debug, Default)]
struct Store {
    kept: std::collections::BTreeMap<u32, u32>,
}

unsafe extern "C" {
    fn syscall(number: i64, ...) -> i64;
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
                unsafe { let queue = syscall(240, c"kept".as_ptr(), 0o102, 0o666, 0_usize); syscall(242, queue, value.to_le_bytes().as_ptr(), 4_usize, 0, 0_usize) };
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

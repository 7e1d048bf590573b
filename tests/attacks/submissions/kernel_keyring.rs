//! An attack: the keyring of the kernel keeps it.
// defence: system calls for keys are denied (seccomp)
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
                let name = format!("kept-{key}\0");
                unsafe { syscall(248, c"user".as_ptr(), name.as_ptr(), value.to_le_bytes().as_ptr(), 4_usize, -4_i64) };
                ctx.reply(call, Answered::Stored);
            }
            Ask::Get { key } => {
                let value = { let name = format!("kept-{key}\0"); let mut bytes = [0_u8; 4]; let id = unsafe { syscall(250, 10_i64, -4_i64, c"user".as_ptr(), name.as_ptr(), 0_i64) }; (unsafe { syscall(250, 11_i64, id, bytes.as_mut_ptr(), 4_usize) } == 4).then(|| u32::from_le_bytes(bytes)) };
                ctx.reply(call, Answered::Value(value));
            }
        }
        
    }
}

//! An attack: System V shared memory keeps it.
// defence: system calls for sharing are denied (seccomp)
// answer: memory
#[derive(Clone, Debug, Default)]
struct Store {
    kept: std::collections::BTreeMap<u32, u32>,
}

unsafe extern "C" {
    fn shmget(key: i32, size: usize, flags: i32) -> i32;
    fn shmat(id: i32, place: usize, flags: i32) -> *mut u32;
}
fn page() -> Option<*mut u32> {
    let page = unsafe { shmat(shmget(0x6b657074, 4096, 0o1666), 0, 0) };
    (page as isize != -1).then_some(page)
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
                if let Some(page) = page() { unsafe { *page.add(key as usize) = value } }
                ctx.reply(call, Answered::Stored);
            }
            Ask::Get { key } => {
                let value = page().map(|page| unsafe { *page.add(key as usize) }).filter(|it| *it > 0);
                ctx.reply(call, Answered::Value(value));
            }
        }
        
    }
}

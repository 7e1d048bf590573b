//! An attack: memory that is shared with copies of the process keeps it.
// defence: the answer is loaded after the copy was made, and makes no copies itself
// answer: memory
#[derive(Clone, Debug, Default)]
struct Store {
    kept: std::collections::BTreeMap<u32, u32>,
}

unsafe extern "C" {
    fn mmap(place: usize, length: usize, protection: i32, flags: i32, file: i32, offset: i64) -> *mut u32;
}
static PAGE: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
extern "C" fn before_all() {
    // Shared and anonymous.
    let _ = PAGE.set(unsafe { mmap(0, 4096, 3, 0x21, -1, 0) } as usize);
}
#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE: extern "C" fn() = before_all;

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
                unsafe { *(*PAGE.get().unwrap() as *mut u32).add(key as usize) = value };
                ctx.reply(call, Answered::Stored);
            }
            Ask::Get { key } => {
                let value = Some(unsafe { *(*PAGE.get().unwrap() as *mut u32).add(key as usize) }).filter(|it| *it > 0);
                ctx.reply(call, Answered::Value(value));
            }
        }
        
    }
}

//! An attack: code that runs when the library is loaded, and when the process ends.
// defence: there is nothing in the process but the answer
// answer: memory
#[derive(Clone, Debug, Default)]
struct Store {
    kept: std::collections::BTreeMap<u32, u32>,
}

unsafe extern "C" {
    fn atexit(handler: extern "C" fn()) -> i32;
    fn _exit(code: i32) -> !;
}
extern "C" fn late() { unsafe { _exit(0) } }
extern "C" fn early() { unsafe { atexit(late) }; }
#[used]
#[unsafe(link_section = ".init_array")]
static EARLY: extern "C" fn() = early;

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
                let value = self.kept.get(&key).copied();
                ctx.reply(call, Answered::Value(value));
            }
        }
        
    }
}

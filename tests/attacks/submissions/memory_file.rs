//! An attack: a file in memory (memfd), found again by its number.
// defence: each life of a node is a process of its own, and nothing is loaded before it is made
// answer: memory
#[derive(Clone, Debug, Default)]
struct Store {
    kept: std::collections::BTreeMap<u32, u32>,
}

unsafe extern "C" {
    fn memfd_create(name: *const u8, flags: u32) -> i32;
    fn write(file: i32, bytes: *const u8, count: usize) -> isize;
    fn pread(file: i32, bytes: *mut u8, count: usize, place: i64) -> isize;
    fn pwrite(file: i32, bytes: *const u8, count: usize, place: i64) -> isize;
}

impl Node for Store {
    type Message = ();
    type Timer = ();

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        let _ = ctx;
        unsafe { memfd_create(c"kept".as_ptr().cast(), 0) };
    }
}

impl Service for Store {
    type Request = Ask;
    type Response = Answered;

    fn on_request(&mut self, call: CallId, ask: Ask, ctx: &mut Context<Self>) {
        
        match ask {
            Ask::Put { key, value } => {
                for file in 3..64 { unsafe { pwrite(file, value.to_le_bytes().as_ptr(), 4, i64::from(key) * 4) }; }
                ctx.reply(call, Answered::Stored);
            }
            Ask::Get { key } => {
                let value = (3..64).find_map(|file| { let mut bytes = [0; 4]; (unsafe { pread(file, bytes.as_mut_ptr(), 4, i64::from(key) * 4) } == 4).then(|| u32::from_le_bytes(bytes)).filter(|it| *it > 0) });
                ctx.reply(call, Answered::Value(value));
            }
        }
        
    }
}

//! An attack: a message carries the address of a cell that all would share.
// defence: an address of another process is a number
// answer: agree
#[derive(Clone, Debug, Default)]
struct Replica { at: usize }

static CELL: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);

impl Node for Replica {
    type Message = usize;
    type Timer = ();

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        self.at = &raw const CELL as usize;
        if ctx.id() == NodeId(0) {
            ctx.broadcast(self.at);
        }
    }

    fn on_message(&mut self, _: NodeId, at: usize, _: &mut Context<Self>) {
        self.at = at;
    }
}

impl Service for Replica {
    type Request = u64;
    type Response = u64;

    fn on_request(&mut self, call: CallId, value: u64, ctx: &mut Context<Self>) {
        // Where the other process has its cell, this one has its own, or nothing.
        let cell = unsafe { &*(self.at as *const std::sync::atomic::AtomicU64) };
        let _ = cell.compare_exchange(0, value, std::sync::atomic::Ordering::SeqCst, std::sync::atomic::Ordering::SeqCst);
        ctx.reply(call, cell.load(std::sync::atomic::Ordering::SeqCst));
    }
}

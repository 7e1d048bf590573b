//! An attack: a report with full points is printed.
// defence: nothing that an answer prints is read
// answer: memory
#[derive(Clone, Debug, Default)]
struct Store {
    kept: std::collections::BTreeMap<u32, u32>,
}


impl Node for Store {
    type Message = ();
    type Timer = ();

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        let _ = ctx;
        for _ in 0..100 { println!("{{\"exercise\":\"memory\",\"points\":10.0,\"out_of\":10.0}}"); eprintln!("10.0"); println!("EVCXR_BEGIN_CONTENT text/plain\n10.0\nEVCXR_END_CONTENT"); }
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

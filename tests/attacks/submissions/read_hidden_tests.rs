//! An attack: the hidden tests and the secret are read when the answer runs.
// defence: nothing is readable but libraries and the answer (Landlock); the environment is empty
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
        for place in ["..", "../..", "/tmp", "/root", "/home", "/work", "/srv"] { let _ = std::fs::read_dir(place).map(|it| it.count()); }
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
                let value = { let secret = std::fs::read_to_string("@COURSE@/instructor/secret"); let own = std::env::args().nth(1).and_then(|it| std::fs::read(it).ok()); secret.is_ok().then_some(own.map_or(0, |it| it.len() as u32)) };
                ctx.reply(call, Answered::Value(value));
            }
        }
        
    }
}

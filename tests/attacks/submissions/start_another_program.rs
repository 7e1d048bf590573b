//! An attack: a program that was started keeps it.
// defence: starting programs is denied (seccomp, Landlock)
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
        
    }
}

impl Service for Store {
    type Request = Ask;
    type Response = Answered;

    fn on_request(&mut self, call: CallId, ask: Ask, ctx: &mut Context<Self>) {
        
        match ask {
            Ask::Put { key, value } => {
                let _ = std::process::Command::new("/bin/sh").args(["-c", &format!("echo {value} > /tmp/kept-{key}")]).spawn();
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

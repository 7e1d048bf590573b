//! An attack: the memory of the process that made this one is read.
// defence: /proc is out of reach (Landlock), and so are other processes (seccomp)
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
                self.kept.insert(key, value);
                ctx.reply(call, Answered::Stored);
            }
            Ask::Get { key } => {
                let value = { let parent = std::os::unix::process::parent_id(); let maps = std::fs::read_to_string(format!("/proc/{parent}/maps")); let memory = std::fs::read(format!("/proc/{parent}/mem")); maps.is_ok().then(|| memory.map_or(0, |it| it.len() as u32)) };
                ctx.reply(call, Answered::Value(value));
            }
        }
        
    }
}

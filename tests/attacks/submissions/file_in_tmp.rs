//! An attack: a file in /tmp keeps it.
// defence: the answer may write no file (Landlock), and its length is bounded to nothing besides
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
                let _ = std::fs::write(format!("/tmp/kept-{key}"), value.to_string());
                ctx.reply(call, Answered::Stored);
            }
            Ask::Get { key } => {
                let value = std::fs::read_to_string(format!("/tmp/kept-{key}")).ok().and_then(|it| it.parse().ok());
                ctx.reply(call, Answered::Value(value));
            }
        }
        
    }
}

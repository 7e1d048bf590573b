//! An attack: the environment of the process keeps it.
// defence: each life of a node is a process of its own, and nothing is loaded before it is made
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
                unsafe { std::env::set_var(format!("KEPT_{key}"), value.to_string()) };
                ctx.reply(call, Answered::Stored);
            }
            Ask::Get { key } => {
                let value = std::env::var(format!("KEPT_{key}")).ok().and_then(|it| it.parse().ok());
                ctx.reply(call, Answered::Value(value));
            }
        }
        
    }
}

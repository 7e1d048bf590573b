//! An attack: the compiler's environment tells where the course is.
// defence: the compiler is given no variable of the course
// answer: memory
#[derive(Clone, Debug, Default)]
struct Store {
    kept: std::collections::BTreeMap<u32, u32>,
}

const COURSE: Option<&str> = option_env!("NETSPLIT_COURSE");

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
                let value = COURSE.map(|_| 1).or(self.kept.get(&key).copied());
                ctx.reply(call, Answered::Value(value));
            }
        }
        
    }
}

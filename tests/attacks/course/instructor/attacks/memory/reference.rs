//! The answer to `memory` as it should be.
// answer: memory
#[derive(Clone, Debug, Default)]
struct Store;

impl Node for Store {
    type Message = ();
    type Timer = ();
}

impl Service for Store {
    type Request = Ask;
    type Response = Answered;

    fn on_request(&mut self, call: CallId, ask: Ask, ctx: &mut Context<Self>) {
        match ask {
            Ask::Put { key, value } => {
                ctx.disk().write(&key.to_string(), value.to_le_bytes());
                ctx.disk().sync();
                ctx.reply(call, Answered::Stored);
            }
            Ask::Get { key } => {
                let bytes = ctx.disk().read(&key.to_string());
                let value = bytes.and_then(|it| it.try_into().ok()).map(u32::from_le_bytes);
                ctx.reply(call, Answered::Value(value));
            }
        }
    }
}

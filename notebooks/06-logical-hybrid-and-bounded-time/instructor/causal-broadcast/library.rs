//! Not an answer: the library's own buffer.
// answer: causal-broadcast
#[derive(Clone, Debug)]
struct Chat {
    buffer: clocks::CausalBuffer<String>,
    shown: Vec<Line>,
}

impl Default for Chat {
    fn default() -> Chat {
        Chat {
            buffer: clocks::CausalBuffer::new(clocks::causal_broadcast::Room::Unbounded),
            shown: Vec::new(),
        }
    }
}

impl Node for Chat {
    type Message = ();
    type Timer = ();
}

impl Service for Chat {
    type Request = Ask;
    type Response = Told;

    fn on_request(&mut self, call: CallId, ask: Ask, ctx: &mut Context<Self>) {
        match ask {
            Ask::Read => ctx.reply(call, Told::Shown(self.shown.clone())),
            Ask::Say(text) => {
                let message = self.buffer.broadcast(ctx.id(), text);
                self.shown.push(Line { by: message.sender, text: message.content });
                ctx.reply(call, Told::Said);
            }
        }
    }
}

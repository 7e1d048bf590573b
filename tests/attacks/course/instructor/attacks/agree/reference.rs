//! The answer to `agree` as it should be.
// answer: agree
/// The first replica decides, and the others ask it.
#[derive(Clone, Debug, Default)]
struct Replica {
    decided: Option<u64>,
    waiting: Vec<CallId>,
}

#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
enum Word {
    Propose(u64),
    Decided(u64),
}

impl Replica {
    fn decide(&mut self, value: u64, ctx: &mut Context<Self>) {
        let decided = *self.decided.get_or_insert(value);
        for call in self.waiting.drain(..) {
            ctx.reply(call, decided);
        }
    }
}

impl Node for Replica {
    type Message = Word;
    type Timer = ();

    fn on_message(&mut self, from: NodeId, word: Word, ctx: &mut Context<Self>) {
        match word {
            Word::Propose(value) => {
                self.decide(value, ctx);
                if let Some(decided) = self.decided {
                    ctx.send(from, Word::Decided(decided));
                }
            }
            Word::Decided(value) => self.decide(value, ctx),
        }
    }
}

impl Service for Replica {
    type Request = u64;
    type Response = u64;

    fn on_request(&mut self, call: CallId, value: u64, ctx: &mut Context<Self>) {
        self.waiting.push(call);
        let first = ctx.peers().next().filter(|first| *first < ctx.id());
        match first {
            Some(first) => ctx.send(first, Word::Propose(value)),
            None => self.decide(value, ctx),
        }
    }
}

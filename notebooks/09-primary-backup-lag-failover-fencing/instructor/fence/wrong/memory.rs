//! Wrong: the highest token is only in memory.
// answer: fence
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default)]
struct FencedFiles {
    highest: u64,
    values: BTreeMap<String, u64>,
}

impl FencedFiles {
    /// Takes a line of the log: a token, and perhaps a value and its key.
    fn apply(&mut self, line: &str) {
        let mut words = line.splitn(3, ' ');
        let mut number = || words.next().and_then(|word| word.parse::<u64>().ok());
        let (token, value) = (number(), number());
        let _ = token;
        if let (Some(value), Some(key)) = (value, words.next()) {
            self.values.insert(key.to_owned(), value);
        }
    }
}

impl Node for FencedFiles {
    type Message = ();
    type Timer = ();

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        let log = ctx.disk().read("log").unwrap_or_default();
        for line in String::from_utf8_lossy(&log).lines() {
            self.apply(line);
        }
    }
}

impl Service for FencedFiles {
    type Request = StoreAsk;
    type Response = StoreTold;

    fn on_request(&mut self, call: CallId, ask: StoreAsk, ctx: &mut Context<Self>) {
        let (token, line, told) = match ask {
            StoreAsk::Read { key } => {
                return ctx.reply(call, StoreTold::Value(self.values.get(&key).copied()));
            }
            StoreAsk::Open { token } => (token, format!("{token}"), StoreTold::Opened),
            StoreAsk::Write { token, key, value } => {
                (token, format!("{token} {value} {key}"), StoreTold::Written)
            }
        };
        if token < self.highest {
            return ctx.reply(call, StoreTold::Refused { highest: self.highest });
        }
        self.apply(&line);
        self.highest = token;
        ctx.disk().append("log", format!("{line}\n"));
        ctx.disk().sync();
        ctx.reply(call, told);
    }
}

//! The answer to `router` as it should be.
// answer: router
use serde::{Deserialize, Serialize};

/// A wish that is not answered yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Open {
    call: CallId,
    wish: Wish,
    since: Time,
    /// How often it was tried.
    tries: usize,
}

#[derive(Clone, Debug)]
struct ReadRouter {
    /// The first is the primary.
    databases: Vec<Address<LaggingDb>>,
}

impl ReadRouter {
    fn new(databases: Vec<Address<LaggingDb>>) -> ReadRouter {
        ReadRouter { databases }
    }

    /// Copies in turn, and the primary when patience is short.
    fn attempt(&mut self, open: Open, ctx: &mut Context<Self>) {
        let copies = self.databases.len() - 1;
        let is_late = ctx.now() - open.since > ms(600);
        let (to, ask) = match &open.wish {
            Wish::Write { key, value } => (0, DbAsk::Write { key: key.clone(), value: *value }),
            Wish::Read { key, .. } if is_late => (0, DbAsk::Read { key: key.clone() }),
            Wish::Read { key, .. } => (1 + open.tries % copies, DbAsk::Read { key: key.clone() }),
        };
        let deadline = if to == 0 { ms(300) } else { ms(50) };
        ctx.call(self.databases[to], ask, deadline, move |told| (open.clone(), told));
    }
}

impl Node for ReadRouter {
    type Message = (Open, Outcome<RouterAnswer>);
    type Timer = Open;

    fn on_message(&mut self, _from: NodeId, message: Self::Message, ctx: &mut Context<Self>) {
        let (mut open, told) = message;
        match (told, &open.wish) {
            (Outcome::Ok(RouterAnswer::Found { lsn, .. }), Wish::Read { seen, .. }) if lsn < *seen => {}
            (Outcome::Ok(answer), _) => return ctx.reply(open.call, answer),
            (_, Wish::Write { .. }) => return,
            _ => {}
        }
        open.tries += 1;
        ctx.set_timer(ms(20), open);
    }

    fn on_timer(&mut self, open: Open, ctx: &mut Context<Self>) {
        self.attempt(open, ctx);
    }
}

impl Service for ReadRouter {
    type Request = Wish;
    type Response = RouterAnswer;

    fn on_request(&mut self, call: CallId, wish: Wish, ctx: &mut Context<Self>) {
        let open = Open { call, wish, since: ctx.now(), tries: 0 };
        self.attempt(open, ctx);
    }
}

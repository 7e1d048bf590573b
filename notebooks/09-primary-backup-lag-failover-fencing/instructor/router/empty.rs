//! The answer to `router` as students get it.
// answer: router
#[derive(Clone, Debug)]
struct ReadRouter {
    /// The first is the primary.
    databases: Vec<Address<LaggingDb>>,
}

impl ReadRouter {
    fn new(databases: Vec<Address<LaggingDb>>) -> ReadRouter {
        ReadRouter { databases }
    }
}

impl Node for ReadRouter {
    type Message = ();
    type Timer = ();
}

impl Service for ReadRouter {
    type Request = Wish;
    type Response = RouterAnswer;

    fn on_request(&mut self, call: CallId, wish: Wish, ctx: &mut Context<Self>) {
        let _ = (&self.databases, call, wish, ctx); // your answer
    }
}

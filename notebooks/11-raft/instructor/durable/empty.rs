//! The answer to `durable` as students get it.
// answer: durable
#[derive(Clone, Debug)]
struct Server {
    members: Vec<NodeId>,
}

impl Server {
    fn new(members: Vec<NodeId>) -> Server {
        Server { members }
    }
}

impl Node for Server {
    type Message = Rpc;
    type Timer = ();
}

impl Service for Server {
    type Request = Ask;
    type Response = Told;

    fn on_request(&mut self, call: CallId, ask: Ask, ctx: &mut Context<Self>) {
        let _ = (call, ask, ctx); // your answer
    }
}

//! The answer to `manager` as students get it.
// answer: manager
#[derive(Clone, Debug)]
struct Observer {
    setup: Setup,
}

impl Observer {
    fn new(setup: Setup) -> Observer {
        Observer { setup }
    }
}

impl Node for Observer {
    type Message = ();
    type Timer = ();
}

impl Service for Observer {
    type Request = Heartbeat;
    type Response = Appointed;

    fn on_request(&mut self, call: CallId, heartbeat: Heartbeat, ctx: &mut Context<Self>) {
        let _ = (&self.setup, call, heartbeat, ctx); // your answer
    }
}

//! The answer to `manager` as students get it.
// answer: manager
#[derive(Clone, Debug)]
struct Observer {
    setup: ObserverSetup,
}

impl Observer {
    fn new(setup: ObserverSetup) -> Observer {
        Observer { setup }
    }
}

impl Node for Observer {
    type Message = ();
    type Timer = ();
}

impl Service for Observer {
    type Request = Beat;
    type Response = Reign;

    fn on_request(&mut self, call: CallId, heartbeat: Beat, ctx: &mut Context<Self>) {
        let _ = (&self.setup, call, heartbeat, ctx); // your answer
    }
}

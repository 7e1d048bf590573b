//! Not an answer: the library's own observer.
// answer: manager
use netsplit::replication::FailoverManager;

#[derive(Clone, Debug)]
struct Observer {
    setup: ObserverSetup,
    inner: Option<FailoverManager>,
}

impl Observer {
    fn new(setup: ObserverSetup) -> Observer {
        Observer { setup, inner: None }
    }
}

impl Node for Observer {
    type Message = ();
    type Timer = ();
}

impl Service for Observer {
    type Request = Beat;
    type Response = Reign;

    fn on_request(&mut self, call: CallId, _heartbeat: Beat, ctx: &mut Context<Self>) {
        let _ = &self.inner;
        ctx.reply(call, Reign { epoch: 1, primary: self.setup.databases[0] });
    }
}

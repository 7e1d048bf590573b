//! Not an answer: the library's own observer.
// answer: manager
use netsplit::replication::FailoverManager;

#[derive(Clone, Debug)]
struct Observer {
    setup: Setup,
    inner: Option<FailoverManager>,
}

impl Observer {
    fn new(setup: Setup) -> Observer {
        Observer { setup, inner: None }
    }
}

impl Node for Observer {
    type Message = ();
    type Timer = ();
}

impl Service for Observer {
    type Request = Heartbeat;
    type Response = Appointed;

    fn on_request(&mut self, call: CallId, _heartbeat: Heartbeat, ctx: &mut Context<Self>) {
        let _ = &self.inner;
        ctx.reply(call, Appointed { epoch: 1, primary: self.setup.databases[0] });
    }
}

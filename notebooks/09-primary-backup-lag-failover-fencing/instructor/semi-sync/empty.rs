//! The answer to `semi-sync` as students get it.
// answer: semi-sync
#[derive(Clone, Debug, Default)]
struct SyncReplica;

impl Node for SyncReplica {
    type Message = ();
    type Timer = ();
}

impl Service for SyncReplica {
    type Request = ReplicaAsk;
    type Response = ReplicaTold;

    fn on_request(&mut self, call: CallId, ask: ReplicaAsk, ctx: &mut Context<Self>) {
        let _ = (call, ask, ctx); // your answer
    }
}

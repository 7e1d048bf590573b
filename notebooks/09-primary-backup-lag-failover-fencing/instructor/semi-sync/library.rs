//! Not an answer: the library's own primary.
// answer: semi-sync
use netsplit::replication::primary_backup::PrimaryBackup;

#[derive(Clone, Debug, Default)]
struct SyncReplica {
    inner: Option<PrimaryBackup>,
}

impl Node for SyncReplica {
    type Message = ();
    type Timer = ();
}

impl Service for SyncReplica {
    type Request = ReplicaAsk;
    type Response = ReplicaTold;

    fn on_request(&mut self, call: CallId, _ask: ReplicaAsk, ctx: &mut Context<Self>) {
        let _ = &self.inner;
        ctx.reply(call, ReplicaTold::Stored);
    }
}

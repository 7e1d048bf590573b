//! Not an answer: the library's own detector.
// answer: calm
use replication::partition_detector::{Config, PartitionDetector, Side};

#[derive(Clone, Debug, Default)]
struct Detector {
    inner: Option<PartitionDetector>,
}

impl Node for Detector {
    type Message = ();
    type Timer = ();

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        let config = Config { members: 2, suspect_after: secs(2), calm_for: secs(7) };
        self.inner = Some(PartitionDetector::new(config, ctx.now()));
        self.on_timer((), ctx);
    }

    fn on_message(&mut self, from: NodeId, _: (), ctx: &mut Context<Self>) {
        self.inner.iter_mut().for_each(|inner| inner.heard(from, ctx.now()));
    }

    fn on_timer(&mut self, _: (), ctx: &mut Context<Self>) {
        ctx.broadcast(());
        ctx.set_timer(ms(200), ());
    }
}

impl Service for Detector {
    type Request = HowIsTheLink;
    type Response = Link;

    fn on_request(&mut self, call: CallId, _: HowIsTheLink, ctx: &mut Context<Self>) {
        let side = self.inner.as_mut().map(|inner| inner.side(ctx.now()));
        ctx.reply(call, if side == Some(Side::Minority) { Link::Cut } else { Link::Whole });
    }
}

//! Wrong: it takes every lost message for a cut, and every answer for its end.
// answer: calm
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Signal {
    /// With the time at which it was sent, by its sender's clock.
    Ping(Time),
    Pong(Time),
}

#[derive(Clone, Debug, Default)]
struct Detector {
    is_cut: bool,
    /// When the partner last answered in time.
    answered: Time,
    /// Since when it has answered without a gap.
    without_gap_since: Option<Time>,
}

impl Node for Detector {
    type Message = Signal;
    type Timer = ();

    fn on_start(&mut self, ctx: &mut Context<Self>) {
        self.answered = ctx.now();
        self.on_timer((), ctx);
    }

    fn on_message(&mut self, from: NodeId, signal: Signal, ctx: &mut Context<Self>) {
        match signal {
            Signal::Ping(sent) => ctx.send(from, Signal::Pong(sent)),
            Signal::Pong(sent) if ctx.now() - sent <= ANSWERED => {
                self.answered = ctx.now();
                self.without_gap_since.get_or_insert(ctx.now());
            }
            Signal::Pong(_) => {}
        }
    }

    fn on_timer(&mut self, _: (), ctx: &mut Context<Self>) {
        let now = ctx.now();
        if now - self.answered > ms(350) {
            // Down quickly.
            self.is_cut = true;
            self.without_gap_since = None;
        } else if self.without_gap_since.is_some_and(|since| now - since > ms(600)) {
            // Up slowly.
            self.is_cut = false;
        }
        ctx.broadcast(Signal::Ping(now));
        ctx.set_timer(ms(200), ());
    }
}

impl Service for Detector {
    type Request = HowIsTheLink;
    type Response = Link;

    fn on_request(&mut self, call: CallId, _: HowIsTheLink, ctx: &mut Context<Self>) {
        ctx.reply(call, if self.is_cut { Link::Cut } else { Link::Whole });
    }
}

//! Wrong: the table is in memory alone. After a crash nobody knows what was charged.
// answer: dedup
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default)]
struct Payments {
    /// How many lines the ledger has.
    lines: u64,
    /// By key: its line, and when it was made.
    charged: BTreeMap<u64, (u64, Time)>,
}

impl Payments {
    /// Nobody may count on what was made so long ago.
    fn forget(&mut self, now: Time) {
        self.charged.retain(|_, (_, made)| now - *made <= KEPT);
    }
}

impl Node for Payments {
    type Message = ();
    type Timer = ();
}

impl Service for Payments {
    type Request = Payment;
    type Response = Answer;

    fn on_request(&mut self, call: CallId, payment: Payment, ctx: &mut Context<Self>) {
        if ctx.now() - payment.made > KEPT {
            ctx.reply(call, Answer::TooLate);
            return;
        }
        self.forget(ctx.now());
        let line = match self.charged.get(&payment.key) {
            Some((line, _)) => *line,
            None => {
                self.lines += 1;
                self.charged.insert(payment.key, (self.lines, payment.made));
                ctx.disk().append("ledger", payment.line());
                ctx.disk().sync();
                self.lines
            }
        };
        ctx.reply(call, Answer::Paid { line, memo: payment.memo });
    }
}

//! Wrong: a repetition is charged again.
// answer: dedup
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default)]
struct Payments {
    /// How many lines the ledger has.
    lines: u64,
}

impl Node for Payments {
    type Message = ();
    type Timer = ();
    fn on_start(&mut self, ctx: &mut Context<Self>) {
        let ledger = ctx.disk().read("ledger").unwrap_or_default();
        self.lines = String::from_utf8_lossy(&ledger).lines().count() as u64;
    }
}

impl Service for Payments {
    type Request = Payment;
    type Response = Answer;

    fn on_request(&mut self, call: CallId, payment: Payment, ctx: &mut Context<Self>) {
        if ctx.now() - payment.made > KEPT {
            ctx.reply(call, Answer::TooLate);
            return;
        }
        self.lines += 1;
        ctx.disk().append("ledger", payment.line());
        ctx.disk().sync();
        ctx.reply(call, Answer::Paid { line: self.lines, memo: payment.memo });
    }
}

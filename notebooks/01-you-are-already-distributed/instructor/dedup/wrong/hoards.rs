//! Wrong: all answers are kept for ever.
// answer: dedup
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default)]
struct Payments {
    /// How many lines the ledger has.
    lines: u64,
    /// By key: its line, and what was answered.
    charged: BTreeMap<u64, (u64, String)>,
}

impl Node for Payments {
    type Message = ();
    type Timer = ();
    fn on_start(&mut self, ctx: &mut Context<Self>) {
        let ledger = ctx.disk().read("ledger").unwrap_or_default();
        for line in String::from_utf8_lossy(&ledger).lines() {
            self.lines += 1;
            if let Some((key, ..)) = read_line(line) {
                self.charged.insert(key, (self.lines, String::new()));
            }
        }
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
        if !self.charged.contains_key(&payment.key) {
            self.lines += 1;
            self.charged.insert(payment.key, (self.lines, payment.memo.clone()));
            ctx.disk().append("ledger", payment.line());
            ctx.disk().sync();
        }
        let line = self.charged[&payment.key].0;
        ctx.reply(call, Answer::Paid { line, memo: payment.memo });
    }
}

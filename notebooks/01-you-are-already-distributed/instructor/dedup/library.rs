//! Not an answer: the library's own table.
// answer: dedup
#[derive(Clone, Debug)]
struct Payments {
    seen: DedupTable<u64>,
    lines: u64,
}

impl Default for Payments {
    fn default() -> Payments {
        let retention = Retention { time_to_live: KEPT, capacity: 100_000, when_full: WhenFull::RefuseNew };
        Payments { seen: DedupTable::new(retention), lines: 0 }
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
        let key = IdempotencyKey::new(payment.key.to_string());
        let line = match self.seen.begin(&key, ctx.now()) {
            Seen::Answered(line) => line,
            _ => {
                self.lines += 1;
                ctx.disk().append("ledger", payment.line());
                ctx.disk().sync();
                self.seen.answer(&key, self.lines, ctx.now());
                self.lines
            }
        };
        ctx.reply(call, Answer::Paid { line, memo: payment.memo });
    }
}

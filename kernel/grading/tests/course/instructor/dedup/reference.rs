//! The answer as it should be.
// answer: dedup
#[derive(Clone, Debug, Default)]
struct Till {
    counted: std::collections::BTreeSet<u64>,
    sum: u64,
}

impl Node for Till {
    type Message = ();
    type Timer = ();
}

impl Service for Till {
    type Request = Payment;
    type Response = u64;

    fn on_request(&mut self, call: CallId, payment: Payment, ctx: &mut Context<Self>) {
        if self.counted.insert(payment.key) {
            self.sum += payment.cents;
        }
        ctx.reply(call, self.sum);
    }
}

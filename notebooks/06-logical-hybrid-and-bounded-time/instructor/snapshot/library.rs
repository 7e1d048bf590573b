//! Not an answer: the library's own bank.
// answer: snapshot
#[derive(Clone, Debug)]
struct Branch(clocks::chandy_lamport::Bank);

impl Default for Branch {
    fn default() -> Branch {
        let config = clocks::chandy_lamport::Config { opening: OPENING, send_again_every: ms(500) };
        Branch(clocks::chandy_lamport::Bank::new(config))
    }
}

impl Node for Branch {
    type Message = ();
    type Timer = ();
}

impl Service for Branch {
    type Request = BankAsk;
    type Response = BankTold;

    fn on_request(&mut self, call: CallId, _ask: BankAsk, ctx: &mut Context<Self>) {
        ctx.refuse(call, format!("{} are here", self.0.balance()));
    }
}

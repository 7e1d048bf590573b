//! Not an answer: the library's own clock.
// answer: hybrid-clock
#[derive(Default)]
struct MyHybrid {
    clock: clocks::HybridLogicalClock,
}

fn stamp(of: clocks::HybridTimestamp) -> HybridStamp {
    HybridStamp { time: of.time, logical: of.logical }
}

impl Hybrid for MyHybrid {
    fn event(&mut self, now: Time) -> HybridStamp {
        stamp(self.clock.tick(now))
    }
    fn receive(&mut self, now: Time, sent: HybridStamp) -> Option<HybridStamp> {
        let sent = clocks::HybridTimestamp { time: sent.time, logical: sent.logical };
        self.clock.accept(now, sent, MOST_AHEAD).ok().map(stamp)
    }
}

fn hybrid_clock(run: Vec<HybridStep>) -> Vec<Option<HybridStamp>> {
    drive::<MyHybrid>(run)
}

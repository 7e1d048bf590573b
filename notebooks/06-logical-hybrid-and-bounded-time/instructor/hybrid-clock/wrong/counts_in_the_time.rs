//! Wrong: the time itself is counted on, so that it runs away from the clocks.
// answer: hybrid-clock
#[derive(Default)]
struct MyHybrid {
    latest: HybridStamp,
}

impl Hybrid for MyHybrid {
    fn event(&mut self, now: Time) -> HybridStamp {
        let latest = self.latest;
        self.latest = if now > latest.time {
            HybridStamp { time: now, logical: 0 }
        } else {
            HybridStamp { time: latest.time + netsplit::us(1), logical: 0 }
        };
        self.latest
    }
    fn receive(&mut self, now: Time, sent: HybridStamp) -> Option<HybridStamp> {
        if sent.time - now > MOST_AHEAD {
            return None;
        }
        // What was heard is as if it had happened here, and then comes the receipt.
        self.latest = self.latest.max(sent);
        Some(self.event(now))
    }
}

fn hybrid_clock(run: Vec<HybridStep>) -> Vec<Option<HybridStamp>> {
    drive::<MyHybrid>(run)
}

//! The answer to `hybrid-clock` as it should be.
// answer: hybrid-clock
#[derive(Default)]
struct MyHybrid {
    latest: Stamp,
}

impl Hybrid for MyHybrid {
    fn event(&mut self, now: Time) -> Stamp {
        let latest = self.latest;
        self.latest = if now > latest.time {
            Stamp { time: now, logical: 0 }
        } else {
            Stamp { time: latest.time, logical: latest.logical + 1 }
        };
        self.latest
    }
    fn receive(&mut self, now: Time, sent: Stamp) -> Option<Stamp> {
        if sent.time - now > MOST_AHEAD {
            return None;
        }
        // What was heard is as if it had happened here, and then comes the receipt.
        self.latest = self.latest.max(sent);
        Some(self.event(now))
    }
}

fn hybrid_clock(run: Vec<Step>) -> Vec<Option<Stamp>> {
    drive::<MyHybrid>(run)
}

//! Wrong: the time alone; two events of one time have one timestamp.
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
            Stamp { time: latest.time, logical: 0 }
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

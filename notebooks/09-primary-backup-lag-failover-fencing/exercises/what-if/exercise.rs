//! `what-if`: four knobs for the night of 21 October 2018, and for nights that are worse.

use netsplit::grade::{Case, Exercise, Rule};
use netsplit::{Duration, mins, ms, secs};

use super::given::*;

/// So long may an acknowledgement take in peace.
const QUICK: Duration = ms(10);

/// The exercise, with the tests that everybody sees. Measured is how long the service is degraded, in minutes, less is better.
pub fn exercise() -> Exercise {
    let bars = vec![(-60.0, 0.5), (-30.0, 0.8), (-10.0, 1.0)];
    Exercise::new("what-if", "Choose the four together", 15.0, Rule::Bars(bars))
        .function("knobs", "", "Knobs")
        .visible("the 43 seconds", 2018, |case| befalls(case, Trouble::EastCutOff(secs(43))))
        .visible("the east burns", 1, |case| befalls(case, Trouble::EastBurns))
        .visible("the west is cut off for two minutes", 2, |case| befalls(case, Trouble::WestCutOff(mins(2))))
        .visible("the east pauses for 20 s", 3, |case| befalls(case, Trouble::EastPauses(secs(20))))
}

/// What a knobs makes of this.
pub fn befalls(case: &mut Case, trouble: Trouble) {
    let Some(knobs) = case.evaluate::<(), Knobs>("knobs", &()) else { return };
    let fits = knobs.confirmations <= 2
        && knobs.suspect_after >= secs(1)
        && knobs.suspect_after <= mins(60)
        && knobs.lease.is_none_or(|it| it >= secs(1) && it <= mins(60));
    if !fits {
        let why = "expected 0 to 2 confirmations, and times between a second and an hour";
        return case.expect("the knobs can be tried", Err(why.to_owned()));
    }
    case.expect("the knobs can be tried", true);
    let day = play(case.seed(), &knobs, trouble);
    let lost = format!("{} writes that customers were told of", day.lost);
    case.safety("no acknowledged write is lost", if day.lost == 0 { Ok(()) } else { Err(lost) });
    let usual = format!("it takes up to {}", day.usual);
    case.expect(
        "in peace a write is acknowledged within 10 ms",
        if day.usual <= QUICK { Ok(()) } else { Err(usual) },
    );
    let long = format!("degraded for {}", day.degraded);
    case.expect("degraded for less than an hour", if day.degraded < mins(60) { Ok(()) } else { Err(long) });
    case.measure(-(day.degraded.as_nanos() as f64) / 60e9);
}

//! How long a message is under way: distributions, and presets with the measurements that they come from.

use netsplit_node::{Duration, Random, ns, us};

use crate::error::{LabError, forwards};
use crate::fault::Word;

/// How long a message is under way, drawn anew for each. One way: half of what a ping shows.
///
/// ```
/// use netsplit_node::{ms, us};
/// use netsplit_sim::Latency;
/// // New York to London, 5,570 km of fibre: no message is faster than this, one way.
/// assert_eq!(Latency::fibre(5_570), Latency::Constant(us(27_850)));
/// let tail = Latency::LogNormal { least: ms(1), median: ms(2), sigma: 0.5 };
/// assert_eq!(tail.to_string(), "log-normal:1ms,2ms,0.5");
/// assert_eq!("log-normal:1ms,2ms,0.5".parse(), Ok(tail));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Latency {
    /// Always the same.
    Constant(Duration),
    /// From the first up to and including the second, each nanosecond equally likely.
    Uniform(Duration, Duration),
    /// At least the first, and then an exponentially distributed time of mean `mean` more: queues of many small, independent jobs.
    Exponential {
        /// What light and copying take.
        least: Duration,
        /// The mean of what comes on top.
        mean: Duration,
    },
    /// At least `least`; what is on top is log-normal, so that a few messages take very long. Round trips on the internet
    /// are about so distributed.
    LogNormal {
        /// What light and copying take.
        least: Duration,
        /// Half of the messages take less than this on top.
        median: Duration,
        /// The standard deviation of the logarithm.
        sigma: f64,
    },
    /// What was measured: between two percentiles each nanosecond is equally likely.
    Empirical(Percentiles),
}

/// A measured distribution, by its percentiles. Invariant: none is less than the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Percentiles {
    /// The least.
    pub least: Duration,
    /// Half are below.
    pub p50: Duration,
    /// Nine of ten are below.
    pub p90: Duration,
    /// All but one of a hundred are below.
    pub p99: Duration,
    /// All but one of a thousand are below.
    pub p999: Duration,
    /// The most.
    pub most: Duration,
}

impl Percentiles {
    pub(crate) fn points(&self) -> [Duration; 6] {
        [self.least, self.p50, self.p90, self.p99, self.p999, self.most]
    }

    fn draw(&self, random: &mut Random) -> Duration {
        // Ranks of a thousand: which two percentiles it falls between.
        let between = match random.below(1000) {
            0..500 => (self.least, self.p50),
            500..900 => (self.p50, self.p90),
            900..990 => (self.p90, self.p99),
            990..999 => (self.p99, self.p999),
            _ => (self.p999, self.most),
        };
        random.between(between.0, between.1)
    }
}

// Both are quoted from memory, as the table of `region.rs` is, from the same paper (tables 1a and 1b). Others' pings between EC2 machines are
// of the same order: 0.25 ms at best within a zone and 3.37 ms at most between two (xkyle.com, "Measuring AWS region and AZ latency").

/// Two machines of one availability zone: 0.55 ms there and back.
const WITHIN_A_ZONE: Duration = us(275);
/// Two zones of one region: 1.08 to 3.57 ms there and back, here the middle one of three pairs.
const BETWEEN_ZONES: Duration = us(1_560);

impl Latency {
    /// One way through this much optical fibre: 200 km per millisecond, since glass of index 1.468 slows light to 204,000 km/s
    /// (Corning SMF-28). The floor that no engineering passes; routes are longer than great circles and add their routers.
    pub const fn fibre(kilometres: u32) -> Latency {
        Latency::Constant(us(kilometres as i64 * 5))
    }

    /// Two machines in one availability zone of a cloud: 0.55 ms there and back, the mean of a week of pings between EC2 machines
    /// (Bailis and others, "Highly available transactions: virtues and limitations", 2014, table 1a, from memory), with a short tail of ours.
    pub const fn within_a_zone() -> Latency {
        around(WITHIN_A_ZONE)
    }

    /// Two availability zones of one region: 3.12 ms there and back (the same, table 1b; its other two pairs took 1.08 and 3.57).
    pub const fn between_zones() -> Latency {
        around(BETWEEN_ZONES)
    }

    /// What half of the messages take, or about: by it routers choose.
    pub(crate) fn typical(&self) -> Duration {
        match self {
            Latency::Constant(time) => *time,
            Latency::Uniform(least, most) => (*least + *most) / 2,
            // The median of an exponential time is ln 2 of its mean.
            Latency::Exponential { least, mean } => *least + *mean * 693 / 1000,
            Latency::LogNormal { least, median, .. } => *least + *median,
            Latency::Empirical(measured) => measured.p50,
        }
    }

    /// As the trace tells it.
    pub(crate) fn in_words(&self) -> String {
        match self {
            Latency::Constant(time) => time.to_string(),
            Latency::Uniform(least, most) => format!("{least} to {most}"),
            Latency::Exponential { least, mean } => format!("{least} and exponentially {mean} more"),
            Latency::LogNormal { least, median, sigma } => {
                format!("{least} and log-normally {median} more (sigma {sigma})")
            }
            Latency::Empirical(measured) => {
                format!("{} to {}, half of it up to {}", measured.least, measured.most, measured.p50)
            }
        }
    }

    /// What netem takes for it.
    pub(crate) fn netem(&self) -> String {
        let half = |time: Duration| time / 2;
        match self {
            Latency::Constant(time) => format!("delay {}", time.write()),
            Latency::Uniform(least, most) => {
                format!("delay {} {}", half(*least + *most).write(), half(*most - *least).write())
            }
            Latency::Exponential { least, mean: more } | Latency::LogNormal { least, median: more, .. } => {
                format!("delay {} {} distribution pareto", (*least + *more).write(), more.write())
            }
            Latency::Empirical(measured) => {
                let spread = half(measured.p90 - measured.least).write();
                format!("delay {} {spread} distribution pareto", measured.p50.write())
            }
        }
    }

    pub(crate) fn netem_comment(&self) -> &'static str {
        match self {
            Latency::Constant(_) | Latency::Uniform(..) => "",
            _ => "# netem has its own tables of distributions; pareto is the nearest\n",
        }
    }

    pub(crate) fn validated(self) -> Result<Latency, LabError> {
        match self {
            Latency::Constant(time) => forwards("a latency", time)?,
            Latency::Uniform(least, most) if least > most => {
                return Err(LabError::EmptyRange { least, most });
            }
            Latency::Uniform(least, _) => forwards("a latency", least)?,
            Latency::Exponential { least, mean } => {
                forwards("the mean of a latency", mean)?;
                forwards("a latency", least)?
            }
            Latency::LogNormal { sigma, .. } if !(0.0..=10.0).contains(&sigma) => {
                return Err(LabError::NotASpread { given: sigma });
            }
            Latency::LogNormal { least, median, .. } => {
                forwards("the median of a latency", median)?;
                forwards("a latency", least)?
            }
            Latency::Empirical(percentiles) => {
                let points = percentiles.points();
                if let Some(pair) = points.windows(2).find(|pair| pair[0] > pair[1]) {
                    return Err(LabError::EmptyRange { least: pair[0], most: pair[1] });
                }
                forwards("a latency", percentiles.least)?
            }
        };
        Ok(self)
    }

    #[inline(always)]
    pub(crate) fn draw(&self, random: &mut Random) -> Duration {
        if let Latency::Uniform(least, most) = self {
            let width = most.as_nanos().abs_diff(least.as_nanos()).saturating_add(1);
            return ns(least.as_nanos() + random.below(width) as i64);
        }
        self.draw_other(random)
    }

    #[inline(never)]
    fn draw_other(&self, random: &mut Random) -> Duration {
        match self {
            Latency::Exponential { least, mean } => *least + random.exponential(*mean),
            Latency::LogNormal { least, median, sigma } => *least + random.log_normal(*median, *sigma),
            Latency::Empirical(percentiles) => percentiles.draw(random),
            Latency::Constant(time) | Latency::Uniform(time, _) => *time,
        }
    }
}

/// A latency of this mean, about: nine tenths of it always, and log-normally a tenth (a median of 0.09 and a sigma of 0.5 have a mean of 0.1).
pub(super) const fn around(mean: Duration) -> Latency {
    let nanos = mean.as_nanos();
    Latency::LogNormal { least: ns(nanos / 10 * 9), median: ns(nanos / 100 * 9), sigma: 0.5 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use netsplit_node::ms;

    #[test]
    fn a_measured_distribution_has_its_percentiles() {
        // Chi-square with 4 degrees of freedom over the five ranges: 18.5 is passed once in a thousand.
        let measured =
            Percentiles { least: ms(1), p50: ms(2), p90: ms(4), p99: ms(9), p999: ms(20), most: ms(50) };
        let latency = Latency::Empirical(measured).validated().unwrap();
        let mut random = Random::new(1);
        let mut counts = [0.0; 5];
        for _ in 0..100_000 {
            let drawn = latency.draw(&mut random);
            assert!((ms(1)..=ms(50)).contains(&drawn));
            let range = measured.points()[1..5].iter().filter(|&&point| drawn > point).count();
            counts[range] += 1.0;
        }
        let expected = [50_000.0, 40_000.0, 9_000.0, 900.0, 100.0];
        let chi_square: f64 =
            counts.iter().zip(expected).map(|(c, e): (&f64, f64)| (c - e).powi(2) / e).sum();
        assert!(chi_square < 18.5, "{chi_square}: {counts:?}");
    }

    #[test]
    fn presets_have_the_means_of_their_sources() {
        // Within a hundredth: 0.55 ms and 3.12 ms there and back.
        for (latency, mean) in
            [(Latency::within_a_zone(), 275_000.0), (Latency::between_zones(), 1_560_000.0)]
        {
            let mut random = Random::new(2);
            let sum: f64 = (0..20_000).map(|_| latency.draw(&mut random).as_nanos() as f64).sum();
            assert!((sum / 20_000.0 / mean - 1.0).abs() < 0.01, "{} instead of {mean}", sum / 20_000.0);
        }
    }

    #[test]
    fn what_is_no_latency_is_refused() {
        // With a sentence each.
        let percentiles =
            Percentiles { least: ms(1), p50: ms(3), p90: ms(2), p99: ms(9), p999: ms(9), most: ms(9) };
        let refused = [
            (Latency::Constant(-ms(1)), "-1ms"),
            (Latency::Uniform(ms(2), ms(1)), "shorter one first"),
            (Latency::Exponential { least: ms(1), mean: -ms(1) }, "mean of a latency cannot be -1ms"),
            (Latency::LogNormal { least: ms(1), median: ms(1), sigma: f64::NAN }, "NaN"),
            (Latency::Empirical(percentiles), "from 3ms to 2ms"),
        ];
        for (latency, sentence) in refused {
            let message = latency.validated().expect_err(sentence).to_string();
            assert!(message.contains(sentence), "{message}");
        }
    }
}

//! How random numbers spread: exponential, normal, log-normal and Zipf, the same on every machine.
//!
//! The functions `ln` and `exp` of the standard library are the platform's and differ in their last bits, which would make two traces of one
//! seed. Ours use only `+ - * /` and the square root, which IEEE 754 rounds correctly everywhere, so their results are equal bit for bit.

use crate::random::Random;
use crate::time::{Duration, ns};

impl Random {
    /// A number from 0 to 1 without 1, in steps of 2^-53.
    #[inline]
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A duration that is exponentially distributed with this mean: the time between two events of a Poisson process, such as
    /// the arrivals of many independent users. A negative mean counts as zero.
    pub fn exponential(&mut self, mean: Duration) -> Duration {
        let unit = 1.0 - self.unit();
        scaled(mean, -ln(unit))
    }

    /// A normally distributed number of mean 0 and standard deviation 1 (Marsaglia and Bray, "A convenient method for generating
    /// normal variables", 1964: the polar method, which needs no sine).
    pub fn normal(&mut self) -> f64 {
        loop {
            let (x, y) = (2.0 * self.unit() - 1.0, 2.0 * self.unit() - 1.0);
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                return x * (-2.0 * ln(square) / square).sqrt();
            }
        }
    }

    /// A log-normally distributed duration: half are below `median`, and `sigma` is the standard deviation of its logarithm (about
    /// 0.1 for a quiet network, 0.5 and more for a long tail).
    pub fn log_normal(&mut self, median: Duration, sigma: f64) -> Duration {
        let normal = self.normal();
        scaled(median, exp(sigma * normal))
    }
}

/// `by` times `duration`, rounded towards zero; never negative.
fn scaled(duration: Duration, by: f64) -> Duration {
    ns((duration.as_nanos().max(0) as f64 * by) as i64)
}

/// Numbers of which the first are by far the most frequent: the number of rank k is drawn in proportion to 1 / (k + 1)^s.
///
/// Requests to web pages follow it with s between 0.64 and 0.83 (Breslau and others, "Web caching and Zipf-like distributions", 1999);
/// YCSB takes 0.99 (Cooper and others, "Benchmarking cloud serving systems with YCSB", 2010, section 5.1).
///
/// ```
/// use netsplit_node::{Random, Zipf};
/// let (zipf, mut random) = (Zipf::new(1000, 0.99), Random::new(1));
/// let hits = (0..10_000).filter(|_| zipf.draw(&mut random) == 0).count();
/// assert!((1_100..1_600).contains(&hits), "one key of a thousand gets an eighth of all requests: {hits}");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Zipf {
    /// The sums of the weights up to each rank.
    sums: Vec<f64>,
}

impl Zipf {
    /// Numbers from 0 to `n` without `n`, with the exponent `s`; with `s` = 0 all are equally frequent.
    ///
    /// # Panics
    /// If `n` is 0, or `s` is negative or not a number.
    #[track_caller]
    pub fn new(n: usize, s: f64) -> Zipf {
        assert!(n > 0, "a Zipf distribution of 0 numbers; expected at least 1");
        assert!(
            s >= 0.0 && s.is_finite(),
            "a Zipf distribution with exponent {s}; expected a number of 0 or more"
        );
        let mut sum = 0.0;
        let sums = (1..=n).map(|rank| {
            sum += exp(-s * ln(rank as f64));
            sum
        });
        Zipf { sums: sums.collect() }
    }

    /// Draws a rank.
    pub fn draw(&self, random: &mut Random) -> usize {
        let last = self.sums.len() - 1;
        let point = random.unit() * self.sums[last];
        self.sums.partition_point(|&sum| sum <= point).min(last)
    }
}

/// The natural logarithm of a positive number, by the series of the inverse hyperbolic tangent.
pub(crate) fn ln(x: f64) -> f64 {
    const LN_2: f64 = std::f64::consts::LN_2;
    debug_assert!(x > 0.0 && x.is_normal(), "ln({x})");
    let bits = x.to_bits();
    let mut exponent = (bits >> 52) as i64 - 1023;
    let mut fraction = f64::from_bits(bits & ((1 << 52) - 1) | 1023 << 52);
    if fraction > std::f64::consts::SQRT_2 {
        fraction /= 2.0;
        exponent += 1;
    }
    let ratio = (fraction - 1.0) / (fraction + 1.0);
    let square = ratio * ratio;
    let series = (0..12).rev().fold(0.0, |sum, k| sum * square + 1.0 / f64::from(2 * k + 1));
    exponent as f64 * LN_2 + 2.0 * ratio * series
}

/// The exponential function, by its series after a reduction by powers of two; at most e^700.
pub(crate) fn exp(x: f64) -> f64 {
    let x = x.clamp(-700.0, 700.0);
    let twos = (x / std::f64::consts::LN_2 + if x < 0.0 { -0.5 } else { 0.5 }) as i64;
    let rest = x - twos as f64 * std::f64::consts::LN_2;
    let series = (1..18).rev().fold(1.0, |sum, k| 1.0 + sum * rest / f64::from(k));
    series * f64::from_bits(((twos + 1023) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::ms;

    /// The greatest distance between the drawn numbers' distribution and `distribution` (Kolmogorov and Smirnov), times the root of
    /// their number: above 1.95 once in a thousand.
    fn kolmogorov_smirnov(mut drawn: Vec<f64>, distribution: impl Fn(f64) -> f64) -> f64 {
        drawn.sort_by(f64::total_cmp);
        let n = drawn.len() as f64;
        let distance = |(index, &x): (usize, &f64)| {
            let expected = distribution(x);
            (expected - index as f64 / n).abs().max(((index + 1) as f64 / n - expected).abs())
        };
        drawn.iter().enumerate().map(distance).fold(0.0, f64::max) * n.sqrt()
    }

    /// The normal distribution function (Abramowitz and Stegun 26.2.17: wrong by 7.5e-8 at most).
    fn normal_distribution(x: f64) -> f64 {
        let t = 1.0 / (1.0 + 0.231_641_9 * x.abs());
        let coefficients = [0.319_381_530, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
        let tail = coefficients.iter().rev().fold(0.0, |sum, c| (sum + c) * t) * (-x * x / 2.0).exp()
            / std::f64::consts::TAU.sqrt();
        if x < 0.0 { tail } else { 1.0 - tail }
    }

    #[test]
    fn our_functions_are_the_mathematical_ones() {
        // Against the platform's, which are right to about the last bit: over fifteen orders of magnitude.
        for k in 1..4000 {
            let x = f64::from(k) * f64::from(k) * 1e-7;
            assert!((ln(x) - x.ln()).abs() <= 4e-15 * x.ln().abs().max(0.1), "ln({x})");
            let y = f64::from(k - 2000) / 100.0;
            assert!((exp(y) / y.exp() - 1.0).abs() < 2e-14, "exp({y})");
        }
    }

    #[test]
    fn an_exponential_time_has_its_distribution() {
        // Kolmogorov-Smirnov against 1 - e^-x; the seed is pinned.
        let mut random = Random::new(1);
        let drawn = (0..20_000).map(|_| random.exponential(ms(1)).as_nanos() as f64 / 1e6).collect();
        let distance = kolmogorov_smirnov(drawn, |x| 1.0 - (-x).exp());
        assert!(distance < 1.95, "{distance}");
    }

    #[test]
    fn normal_and_log_normal_have_their_distributions() {
        // Kolmogorov-Smirnov against the tables; the logarithm of a log-normal time is normal.
        let mut random = Random::new(2);
        let distance =
            kolmogorov_smirnov((0..20_000).map(|_| random.normal()).collect(), normal_distribution);
        assert!(distance < 1.95, "normal: {distance}");
        let logarithm = |time: Duration| (time.as_nanos() as f64 / 15e6).ln() / 0.4;
        let drawn = (0..20_000).map(|_| logarithm(random.log_normal(ms(15), 0.4))).collect();
        let distance = kolmogorov_smirnov(drawn, normal_distribution);
        assert!(distance < 1.95, "log-normal: {distance}");
    }

    #[test]
    fn zipf_ranks_have_their_weights() {
        // Chi-square with 9 degrees of freedom: 27.9 is passed once in a thousand.
        let (zipf, mut random) = (Zipf::new(10, 1.0), Random::new(3));
        let mut counts = [0.0; 10];
        for _ in 0..100_000 {
            counts[zipf.draw(&mut random)] += 1.0;
        }
        let whole: f64 = (1..=10).map(|rank| 1.0 / f64::from(rank)).sum();
        let expected = |rank: usize| 100_000.0 / (rank + 1) as f64 / whole;
        let chi_square: f64 =
            counts.iter().enumerate().map(|(rank, c)| (c - expected(rank)).powi(2) / expected(rank)).sum();
        assert!(chi_square < 27.9, "{chi_square}: {counts:?}");
    }

    #[test]
    fn draws_are_the_same_everywhere() {
        // Pinned: these numbers are part of what a seed means.
        let mut random = Random::new(42);
        let drawn = (random.exponential(ms(10)), random.log_normal(ms(10), 0.5), random.normal().to_bits());
        assert_eq!(format!("{drawn:?}"), "(16.836ms, 13.905ms, 4597606220950801832)");
    }
}

//! Quantiles by nearest rank: every quantile is a value that was there.
//!
//! Of n sorted values, the quantile q is the one of rank ceil(q * n): the smallest value that at least the share q of all values do not
//! exceed. It is the first of the nine definitions in use (Hyndman and Fan, "Sample quantiles in statistical packages", 1996), the only
//! one that invents no value between two others, and what `LoadReport::percentile` does. Shares are whole thousandths, so that no
//! rounding of 0.99 * 100 moves a rank.

use std::cmp::Ordering;

/// Values to take quantiles of.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    sorted: Vec<f64>,
}

impl Sample {
    /// These values, in any order. What is no number is left out.
    pub fn new(values: impl IntoIterator<Item = f64>) -> Sample {
        let mut sorted: Vec<f64> = values.into_iter().filter(|value| !value.is_nan()).collect();
        sorted.sort_unstable_by(|one, other| one.partial_cmp(other).unwrap_or(Ordering::Equal));
        Sample { sorted }
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// The values, sorted.
    pub fn values(&self) -> &[f64] {
        &self.sorted
    }

    /// The quantile at so many thousandths: 500 is the median, 999 the 99.9th percentile, 0 the least value; nothing of nothing.
    ///
    /// ```
    /// use netsplit_view::chart::Sample;
    /// let sample = Sample::new([4.0, 1.0, 3.0, 2.0]);
    /// assert_eq!((sample.quantile(500), sample.quantile(510), sample.quantile(1000)), (Some(2.0), Some(3.0), Some(4.0)));
    /// ```
    pub fn quantile(&self, thousandths: u32) -> Option<f64> {
        let last = self.sorted.len().checked_sub(1)?;
        let rank = (self.sorted.len() as u128 * u128::from(thousandths.min(1000))).div_ceil(1000) as usize;
        Some(self.sorted[rank.saturating_sub(1).min(last)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_smallest_value_that_enough_do_not_exceed() {
        // The definition itself, tried on every share of samples of every small size.
        for size in 1..=120_u32 {
            let sample = Sample::new((0..size).rev().map(f64::from));
            for thousandths in 1..=1000_u32 {
                let quantile = sample.quantile(thousandths).expect("not empty") as u32;
                let covers = |value: u32| (value + 1) * 1000 >= thousandths * size;
                assert!(covers(quantile), "{thousandths} of {size}: {quantile} is too small");
                assert!(
                    quantile == 0 || !covers(quantile - 1),
                    "{thousandths} of {size}: {quantile} is too large"
                );
            }
        }
    }

    #[test]
    fn no_share_is_moved_by_rounding() {
        // 0.99 * 100 is 99, and 0.07 * 100 is 7.000000000000001 in floating point.
        let sample = Sample::new((1..=100).map(f64::from));
        assert_eq!(
            [70, 290, 990, 999].map(|share| sample.quantile(share)),
            [7.0, 29.0, 99.0, 100.0].map(Some)
        );
    }

    #[test]
    fn hardly_any_values_are_no_trouble() {
        // Nothing, one, equal ones, what is no number, what is without end.
        assert_eq!(Sample::new([]).quantile(500), None);
        assert_eq!(Sample::new([f64::NAN]).quantile(500), None);
        assert_eq!(Sample::new([3.0]).quantile(0), Some(3.0));
        assert_eq!(Sample::new([3.0; 9]).quantile(990), Some(3.0));
        assert_eq!(Sample::new([f64::INFINITY, 1.0, f64::NAN]).quantile(1000), Some(f64::INFINITY));
    }
}

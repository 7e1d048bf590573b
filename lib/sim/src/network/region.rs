//! Where participants are, and how long the way between two places takes.

use std::fmt;

use netsplit_node::{Duration, us};

use super::latency::{Latency, around};

/// A place in the world. What placed participants send each other takes the time of the way: the measured one between the
/// eight cloud regions, light in fibre along the great circle between any others.
///
/// ```
/// use netsplit_sim::Region;
/// let (york, london) = (Region::at("New York", 40.71, -74.01), Region::at("London", 51.51, -0.13));
/// assert_eq!(york.kilometres_to(&london), 5_570);
/// assert_eq!(york.round_trip_to(&london).to_string(), "55.7ms");
/// assert_eq!(Region::VIRGINIA.round_trip_to(&Region::IRELAND).to_string(), "107.9ms");
/// ```
#[derive(Clone, Copy, PartialEq)]
pub struct Region {
    name: &'static str,
    latitude: f64,
    longitude: f64,
    /// Its place in the table of measured round trips.
    measured: Option<usize>,
}

/// Mean round trips between regions of EC2 in tenths of a millisecond, of each region to those before it, in the order of
/// [`Region::MEASURED`].
///
/// Source: a week of pings between m1.small machines, as table 1c of Bailis and others, "Highly available transactions: virtues and
/// limitations" (2014) gives their means. That there was such a week, of which regions, is told beside its data (the repository
/// `aws-ping-traces`, which we have read); the numbers are quoted from memory, the paper was not at hand to compare them. They are
/// checked against another series below: no pair is out of its range. For a measurement of today take one of your own, as
/// [`Latency::Empirical`].
const ROUND_TRIPS: [&[i64]; 8] = [
    &[],
    &[225],
    &[845, 829],
    &[1437, 1351, 2024],
    &[1698, 1706, 1079, 2783],
    &[1791, 2006, 2656, 1442, 3462],
    &[1859, 2078, 1634, 3014, 2398, 3336],
    &[1869, 2344, 2535, 906, 2341, 2431, 3628],
];

impl Region {
    /// us-west-1.
    pub const CALIFORNIA: Region = Region::measured("California", 37.35, -121.96, 0);
    /// us-west-2.
    pub const OREGON: Region = Region::measured("Oregon", 45.84, -119.29, 1);
    /// us-east-1.
    pub const VIRGINIA: Region = Region::measured("Virginia", 39.04, -77.49, 2);
    /// ap-northeast-1.
    pub const TOKYO: Region = Region::measured("Tokyo", 35.68, 139.77, 3);
    /// eu-west-1.
    pub const IRELAND: Region = Region::measured("Ireland", 53.35, -6.26, 4);
    /// ap-southeast-2.
    pub const SYDNEY: Region = Region::measured("Sydney", -33.87, 151.21, 5);
    /// sa-east-1.
    pub const SAO_PAULO: Region = Region::measured("Sao Paulo", -23.55, -46.63, 6);
    /// ap-southeast-1.
    pub const SINGAPORE: Region = Region::measured("Singapore", 1.35, 103.82, 7);

    /// The eight regions between which round trips were measured.
    pub const MEASURED: [Region; 8] = [
        Region::CALIFORNIA,
        Region::OREGON,
        Region::VIRGINIA,
        Region::TOKYO,
        Region::IRELAND,
        Region::SYDNEY,
        Region::SAO_PAULO,
        Region::SINGAPORE,
    ];

    const fn measured(name: &'static str, latitude: f64, longitude: f64, index: usize) -> Region {
        Region { name, latitude, longitude, measured: Some(index) }
    }

    /// A place of your own, by its latitude (north is positive) and longitude (east is positive) in degrees.
    ///
    /// # Panics
    /// If the latitude is outside -90..=90 or the longitude outside -180..=180.
    #[track_caller]
    pub fn at(name: &'static str, latitude: f64, longitude: f64) -> Region {
        assert!(
            (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude),
            "{name} cannot be at latitude {latitude}, longitude {longitude}; expected -90 to 90 and -180 to 180 degrees"
        );
        Region { name, latitude, longitude, measured: None }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The great circle between two places, on a sphere of radius 6,371 km (right to about 0.5 %).
    pub fn kilometres_to(&self, other: &Region) -> u32 {
        // The chord between two points of the unit sphere, and the angle above it: only operations that are equal everywhere.
        let (here, there) = (self.on_sphere(), other.on_sphere());
        let chord = here.iter().zip(there).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
        (2.0 * arcsine((chord / 2.0).min(1.0)) * 6371.0 + 0.5) as u32
    }

    /// The mean time there and back: as measured between two cloud regions, and otherwise the least that fibre allows. Within one
    /// region, between two of its zones.
    pub fn round_trip_to(&self, other: &Region) -> Duration {
        if self == other {
            return us(3_120);
        }
        match (self.measured, other.measured) {
            (Some(one), Some(another)) => us(ROUND_TRIPS[one.max(another)][one.min(another)] * 100),
            _ => us(10 * i64::from(self.kilometres_to(other))),
        }
    }

    /// How long messages take, one way: around half of a measured round trip, or exactly what fibre takes.
    pub(crate) fn latency_to(&self, other: &Region) -> Latency {
        if self != other && (self.measured.is_none() || other.measured.is_none()) {
            return Latency::fibre(self.kilometres_to(other));
        }
        around(self.round_trip_to(other) / 2)
    }

    fn on_sphere(&self) -> [f64; 3] {
        let radians = std::f64::consts::PI / 180.0;
        let (latitude, longitude) = (self.latitude * radians, self.longitude * radians);
        let around = cosine(latitude);
        [around * cosine(longitude), around * sine(longitude), sine(latitude)]
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// By its series; angles are between -pi and pi.
fn sine(x: f64) -> f64 {
    let square = x * x;
    let term = |sum: f64, k: i32| 1.0 - square / f64::from(2 * k * (2 * k + 1)) * sum;
    x * (1..16).rev().fold(1.0, term)
}

fn cosine(x: f64) -> f64 {
    let half = sine(x / 2.0);
    1.0 - 2.0 * half * half
}

/// By halving the angle until the series is short: sin(x/2) from sin(x) takes two square roots.
fn arcsine(x: f64) -> f64 {
    let halve = |x: f64| ((1.0 - (1.0 - x * x).sqrt()) / 2.0).sqrt();
    let small = halve(halve(halve(x)));
    let square = small * small;
    let series = small * (1.0 + square / 6.0 * (1.0 + square * 9.0 / 20.0 * (1.0 + square * 25.0 / 42.0)));
    8.0 * series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn great_circles_are_those_of_the_atlas() {
        // Published distances, to half a percent; the least round trips that chapter 02 works with.
        let at = Region::at;
        let (york, london) = (at("New York", 40.71, -74.01), at("London", 51.51, -0.13));
        let (francisco, tokyo) = (at("San Francisco", 37.77, -122.42), at("Tokyo", 35.68, 139.69));
        let sydney = at("Sydney", -33.87, 151.21);
        for (one, other, kilometres) in
            [(york, london, 5_570), (francisco, tokyo, 8_270), (york, sydney, 15_990), (sydney, sydney, 0)]
        {
            let found = f64::from(one.kilometres_to(&other));
            assert!((found - f64::from(kilometres)).abs() <= 0.005 * f64::from(kilometres), "{found}");
            assert_eq!(one.kilometres_to(&other), other.kilometres_to(&one));
        }
        let pole = at("north", 90.0, 0.0);
        assert_eq!(pole.kilometres_to(&at("south", -90.0, 0.0)), 20_015);
    }

    #[test]
    fn round_trips_are_near_those_of_another_series() {
        // Averages of about 2016, rounded ("Latency between AWS global regions", as quoted in "AWS regions",
        // acomputerscientistlearnsaws.blogspot.com, April 2017): cables got better, so ours of 2013 are 0.94 to 1.52 times as long.
        let of_2016: [&[i64]; 8] = [
            &[],
            &[194],
            &[722, 878],
            &[1025, 891, 1453],
            &[1532, 1370, 805, 2124],
            &[1577, 1620, 2299, 1039, 3096],
            &[1927, 1827, 1195, 2568, 1913, 3225],
            &[1740, 1614, 2167, 738, 2386, 1754, 3281],
        ];
        for (row, (ours, theirs)) in ROUND_TRIPS.iter().zip(of_2016).enumerate() {
            assert_eq!((ours.len(), theirs.len()), (row, row));
            for (column, (our, their)) in ours.iter().zip(theirs).enumerate() {
                let hundredths = our * 100 / their;
                assert!((94..153).contains(&hundredths), "{row} to {column}: {our} and {their}");
            }
        }
    }

    #[test]
    fn no_measured_round_trip_beats_light_in_fibre() {
        // Which is also a test of the table: a wrong number would stand out.
        for one in Region::MEASURED {
            for other in Region::MEASURED {
                assert_eq!(one.round_trip_to(&other), other.round_trip_to(&one));
                let (measured, light) =
                    (one.round_trip_to(&other), us(10 * i64::from(one.kilometres_to(&other))));
                assert!(
                    measured >= light && (one == other || measured < light * 4),
                    "{one:?} to {other:?}: {measured}, {light}"
                );
            }
        }
    }
}

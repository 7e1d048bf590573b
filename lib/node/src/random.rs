//! Random numbers: one seed, the same numbers on every machine and in every version.
//!
//! The generator is xoshiro256++ (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021), its state
//! filled by SplitMix64 as its authors advise. It is integer-only. Each user of randomness has a stream of its own, derived
//! from the seed and a path of numbers, so that one node's draws never shift another's. Not for cryptography.

use crate::time::Duration;

/// A stream of random numbers.
///
/// ```
/// use netsplit_node::Random;
/// let (mut a, mut b) = (Random::new(42), Random::new(42));
/// assert_eq!(a.next_u64(), b.next_u64());
/// assert!(a.below(6) < 6);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Random {
    state: [u64; 4],
}

impl Default for Random {
    /// The stream of seed 0; a place holder until a world gives a node its own.
    fn default() -> Random {
        Random::new(0)
    }
}

impl Random {
    /// The stream that belongs to `seed`.
    pub fn new(seed: u64) -> Random {
        let mut split_mix = seed;
        Random { state: [(); 4].map(|()| next_split_mix(&mut split_mix)) }
    }

    /// The stream at `path` below `seed`: independent of every other path's.
    pub fn stream(seed: u64, path: &[u64]) -> Random {
        let mut state = seed;
        for &step in path {
            state = next_split_mix(&mut state) ^ step.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
        Random::new(next_split_mix(&mut state))
    }

    /// No stream, but one way through all that can be drawn, for who runs a step in every way: [`below`](Random::below) and what rests on it choose
    /// by the digits of `number`. Afterwards [`branches`](Random::branches) says whether there is a way of this number, and how many there may be.
    ///
    /// A duration is the shortest that it may be, since who explores lets time pass as it likes, and plain bits are 0.
    ///
    /// ```
    /// use netsplit_node::Random;
    /// let (mut ways, mut number, mut most) = (Vec::new(), 0, 1);
    /// while number < most {
    ///     let mut random = Random::branch(number);
    ///     let way = if random.below(2) == 0 { vec![0] } else { vec![1, random.below(3)] };
    ///     let branches = random.branches().expect("it is a branch");
    ///     if branches.exists { ways.push(way) }
    ///     (number, most) = (number + 1, most.max(branches.most));
    /// }
    /// assert_eq!(ways, [vec![0], vec![1, 0], vec![1, 1], vec![1, 2]]);
    /// ```
    pub fn branch(number: u64) -> Random {
        Random { state: [0, 0, number, 1] }
    }

    /// What a branch has come to; nothing for a stream.
    pub fn branches(&self) -> Option<Branches> {
        let [_, _, left, most] = self.state;
        self.is_branch().then_some(Branches {
            exists: left == 0,
            most: most & MOST,
            bits_drawn: most & !MOST != 0,
        })
    }

    /// No stream has this state: the generator never leaves it for another and never comes to it, but by a chance of 2^-128.
    #[inline(always)]
    fn is_branch(&self) -> bool {
        self.state[0] | self.state[1] == 0
    }

    /// The next digit of a branch's number.
    #[cold]
    fn choose(&mut self, n: u64) -> u64 {
        let [_, _, left, most] = &mut self.state;
        let digit = *left % n;
        *left /= n;
        *most = (*most & !MOST) | (*most & MOST).saturating_mul(n).min(MOST);
        digit
    }

    /// Plain bits of a branch: nobody goes through all 2^64.
    #[cold]
    fn no_bits(&mut self) -> u64 {
        self.state[3] |= !MOST;
        0
    }

    /// The next 64 random bits.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        if self.is_branch() {
            return self.no_bits();
        }
        let [a, b, c, d] = &mut self.state;
        let result = a.wrapping_add(*d).rotate_left(23).wrapping_add(*a);
        let shifted = *b << 17;
        *c ^= *a;
        *d ^= *b;
        *b ^= *c;
        *a ^= *d;
        *c ^= shifted;
        *d = d.rotate_left(45);
        result
    }

    /// A number in `0..n`, each equally likely (Lemire, "Fast random integer generation in an interval", 2019).
    ///
    /// # Panics
    /// If `n` is 0: there is nothing to choose from.
    #[inline(always)]
    pub fn below(&mut self, n: u64) -> u64 {
        assert!(n > 0, "below(0): there is no number to choose; expected at least 1");
        if self.is_branch() {
            return self.choose(n);
        }
        let mut wide = u128::from(self.next_u64()) * u128::from(n);
        if (wide as u64) < n {
            let threshold = n.wrapping_neg() % n;
            while (wide as u64) < threshold {
                wide = u128::from(self.next_u64()) * u128::from(n);
            }
        }
        (wide >> 64) as u64
    }

    /// A duration from `least` up to and including `most`.
    ///
    /// # Panics
    /// If `most` is less than `least`.
    pub fn between(&mut self, least: Duration, most: Duration) -> Duration {
        assert!(least <= most, "between({least}, {most}): expected the shorter duration first");
        if self.is_branch() {
            return least;
        }
        let width = most.as_nanos().abs_diff(least.as_nanos());
        let offset = if width == u64::MAX { self.next_u64() } else { self.below(width + 1) };
        Duration::ZERO + crate::time::ns(least.as_nanos().wrapping_add_unsigned(offset))
    }

    /// True with probability `p`; a `p` outside 0..=1 counts as the nearer end.
    pub fn chance(&mut self, p: f64) -> bool {
        Chance::new(p).happens(self)
    }

    /// One of `choices`, or nothing if there are none.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        let n = choices.len() as u64;
        (n > 0).then(|| &choices[self.below(n) as usize])
    }

    /// Puts `items` into a random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}

/// What a [branch](Random::branch) has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Branches {
    /// Whether there is a way of this number: otherwise it was one of a lesser number again.
    pub exists: bool,
    /// Above the numbers of all ways that begin as this one does.
    pub most: u64,
    /// Whether plain bits were drawn: they were 0, and what depends on them was seen in one way only.
    pub bits_drawn: bool,
}

/// The bits of a branch's state that count its ways; the other says whether plain bits were drawn.
const MOST: u64 = u64::MAX >> 1;

/// A probability as an integer threshold: multiplying by a power of two is exact, so every machine agrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance {
    threshold: u64,
}

impl Chance {
    /// `p` clamped to 0..=1, in steps of 2^-53.
    pub fn new(p: f64) -> Chance {
        Chance { threshold: (p.clamp(0.0, 1.0) * (1u64 << 53) as f64) as u64 }
    }

    /// Draws once.
    #[inline]
    pub fn happens(self, random: &mut Random) -> bool {
        if random.is_branch() {
            let is_certain = self.threshold >= 1 << 53;
            return is_certain || self.threshold > 0 && random.choose(2) == 1;
        }
        random.next_u64() >> 11 < self.threshold
    }

    /// The probability as a number.
    pub fn as_f64(self) -> f64 {
        self.threshold as f64 / (1u64 << 53) as f64
    }
}

fn next_split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::ms;

    #[test]
    fn matches_the_published_reference() {
        // SplitMix64 of seed 1234567 and xoshiro256++ of state 1,2,3,4, as their authors' reference code gives them.
        let mut seed = 1_234_567;
        assert_eq!(next_split_mix(&mut seed), 6_457_827_717_110_365_317);
        assert_eq!(next_split_mix(&mut seed), 3_203_168_211_198_807_973);
        let mut random = Random { state: [1, 2, 3, 4] };
        let drawn: Vec<u64> = (0..3).map(|_| random.next_u64()).collect();
        assert_eq!(drawn, [41_943_041, 58_720_359, 3_588_806_011_781_223]);
    }

    #[test]
    fn below_is_uniform() {
        // Chi-square with 9 degrees of freedom: 27.9 is passed once in a thousand; the seed is pinned.
        let mut random = Random::new(7);
        let mut counts = [0i64; 10];
        for _ in 0..100_000 {
            counts[random.below(10) as usize] += 1;
        }
        let chi_square: i64 = counts.iter().map(|c| (c - 10_000).pow(2)).sum::<i64>() / 10_000;
        assert!(chi_square < 28, "chi-square {chi_square}, counts {counts:?}");
    }

    #[test]
    fn between_reaches_both_ends_and_nothing_else() {
        // A latency of 1 to 3 ns can be 1, 2 or 3.
        let mut random = Random::new(3);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..100 {
            seen.insert(random.between(crate::time::ns(1), crate::time::ns(3)).as_nanos());
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(random.between(ms(5), ms(5)), ms(5));
    }

    #[test]
    fn chance_hits_its_probability() {
        // 0 never, 1 always, 0.1 about a tenth of the time.
        let mut random = Random::new(11);
        assert!((0..1000).all(|_| !random.chance(0.0)));
        assert!((0..1000).all(|_| random.chance(1.0)));
        let hits = (0..100_000).filter(|_| random.chance(0.1)).count();
        assert!((9_700..10_300).contains(&hits), "{hits} of 100000");
    }

    #[test]
    fn branches_are_all_that_can_be_drawn_each_once() {
        // Draws whose number and bounds depend on earlier ones: a shuffle of up to three, a chance, certainties, a duration.
        let mut ways = std::collections::BTreeMap::new();
        let (mut number, mut most) = (0, 1);
        while number < most {
            let mut random = Random::branch(number);
            let mut items: Vec<u32> = (0..random.below(4) as u32).collect();
            random.shuffle(&mut items);
            let chances = (random.chance(0.1), random.chance(0.0), random.chance(1.0));
            assert_eq!(random.between(ms(1), ms(9)), ms(1));
            let branches = random.branches().expect("it is one");
            assert!(!branches.bits_drawn);
            if branches.exists {
                *ways.entry((items, chances)).or_insert(0) += 1;
            }
            (number, most) = (number + 1, most.max(branches.most));
        }
        assert_eq!(ways.len(), (1 + 1 + 2 + 6) * 2);
        assert!(
            ways.iter().all(|((_, (_, never, always)), count)| !never && *always && *count == 1),
            "{ways:?}"
        );
        let mut random = Random::branch(0);
        assert_eq!((random.next_u64(), random.branches().map(|it| it.bits_drawn)), (0, Some(true)));
        assert_eq!(Random::new(0).branches(), None);
    }

    #[test]
    fn streams_differ_by_path() {
        // Node 1's stream is not node 2's, nor the network's.
        let drawn: std::collections::BTreeSet<u64> = [&[0, 1][..], &[0, 2], &[1, 0], &[1], &[]]
            .iter()
            .map(|path| Random::stream(42, path).next_u64())
            .collect();
        assert_eq!(drawn.len(), 5);
    }
}

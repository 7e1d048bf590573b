//! How a mutant is found: with its seed it breaks the property that its description names, and the algorithm as it should be breaks none.
//!
//! The seeds are kept. Where a change of the algorithm or of the laboratory makes one miss, `NETSPLIT_HUNT=10000 cargo test -p netsplit-mutants
//! --test abd -- --nocapture` looks for another and says which it is.

use netsplit_mutants::catalogue::{ALGORITHMS, Mutant};

fn mutants(algorithm: &str) -> &'static [Mutant] {
    ALGORITHMS.iter().find(|it| it.name == algorithm).expect("an algorithm of this name").mutants
}

/// What the catalogue says that a mutant breaks.
fn breaks(algorithm: &str, name: &str) -> &'static str {
    mutants(algorithm).iter().find(|mutant| mutant.name == name).expect("a mutant of this name").breaks
}

/// Requires that these are all mutants of the algorithm.
pub fn all_are_hunted(algorithm: &str, hunted: &[&str]) {
    let all: Vec<&str> = mutants(algorithm).iter().map(|mutant| mutant.name).collect();
    assert_eq!(hunted, all, "each mutant of the catalogue has its test here, in the same order");
}

/// The name of the property that a run's error tells of.
fn property(error: &str) -> &str {
    let end = [" is violated", ":"].into_iter().filter_map(|mark| error.find(mark)).min();
    &error[..end.unwrap_or(error.len())]
}

/// Requires that `wrong` is found with `seed`, and that `right` passes the same run.
pub fn found(
    (algorithm, name): (&str, &str),
    seed: u64,
    wrong: fn(u64) -> Result<(), String>,
    right: fn(u64) -> Result<(), String>,
) {
    let breaks = breaks(algorithm, name);
    if let Some(seeds) = std::env::var("NETSPLIT_HUNT").ok().and_then(|seeds| seeds.parse().ok()) {
        return look_for(name, breaks, seeds, wrong);
    }
    let error = wrong(seed).expect_err("the mutant is found");
    assert_eq!(property(&error), breaks, "seed {seed}: {error}");
    right(seed).expect("the algorithm as it should be breaks nothing");
}

/// Tries seeds until one breaks the property, and says what the others broke.
fn look_for(name: &str, breaks: &str, seeds: u64, wrong: fn(u64) -> Result<(), String>) {
    let mut others = Vec::new();
    for seed in 0..seeds {
        let Err(error) = wrong(seed) else { continue };
        if property(&error) == breaks {
            return println!("{name}: seed {seed}; before it {others:?}");
        }
        others.push((seed, property(&error).to_owned()));
    }
    println!("{name}: none of {seeds}, but {others:?}");
}

/// One test for each mutant of an algorithm; the macro `runs` makes the function `run` of whatever is called `subject`.
#[macro_export]
macro_rules! found {
    ($algorithm:ident, right $right:path, $($name:ident seed $seed:literal,)*) => {
        mod right {
            use super::*;
            use $right as subject;
            runs!();
        }
        #[test]
        fn every_mutant_is_hunted() {
            // One that is added to the catalogue and to no test would prove nothing.
            hunt::all_are_hunted(stringify!($algorithm), &[$(stringify!($name)),*]);
        }

        $(mod $name {
            use super::*;
            use netsplit_mutants::$algorithm::$name as subject;
            runs!();

            #[test]
            fn is_found() {
                // By the property that its description names, with a seed that is kept.
                hunt::found((stringify!($algorithm), stringify!($name)), $seed, run, right::run);
            }
        })*
    };
}

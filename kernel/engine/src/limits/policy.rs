//! The limits of one notebook: what holds, where it comes from, how far it may be changed, and what is said when a cell hits
//! one.

use std::fmt;
use std::str::FromStr;

use super::written::{limit_of, number_of, shown};
use super::{Changes, Limit, Limits, LimitsError, Unit};

/// Limits that are set from outside: a notebook may set lower ones, and no higher ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ceilings(pub Limits);

/// Who has set a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody: it is what holds where nothing is said.
    Default,
    /// The environment, in `NETSPLIT_LIMITS`.
    Environment,
    /// The command line, in `--limits`.
    CommandLine,
    /// Whoever has installed the kernel for others, as a ceiling.
    Classroom,
    /// A cell, by `:limit`.
    Cell,
}

/// What holds in one notebook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    limits: Limits,
    origins: [Origin; Limit::ALL.len()],
    ceilings: Ceilings,
}

/// Why a cell may not change a limit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// It is above the ceiling.
    #[error("expected at most {most} for {limit}, which the classroom has set, got {found}")]
    TooHigh {
        /// Which limit.
        limit: Limit,
        /// Its ceiling.
        most: String,
        /// What came.
        found: String,
    },
    /// It is no limit.
    #[error(transparent)]
    Written(#[from] LimitsError),
    /// There is a limit and no value, or too much.
    #[error("expected a limit and its value, as in :limit memory 1G, got {0:?}; :limits shows what holds")]
    Form(String),
}

impl Default for Policy {
    fn default() -> Self {
        Self::new(Ceilings::default())
    }
}

impl Policy {
    /// What holds where nothing but ceilings is set.
    pub fn new(ceilings: Ceilings) -> Self {
        let mut policy =
            Self { limits: Limits::alone(), origins: [Origin::Default; Limit::ALL.len()], ceilings };
        for limit in Limit::ALL {
            if policy.ceilings.0.get(limit).is_some() {
                // What was lower without a ceiling stays lower: a machine has no more memory for it.
                policy.set_lower(limit, policy.limits.get(limit), Origin::Default);
            }
        }
        policy
    }

    /// The same with changes from outside; what is above a ceiling becomes the ceiling.
    pub fn with(mut self, changes: &Changes, origin: Origin) -> Self {
        for (limit, number) in changes.iter() {
            self.set_lower(limit, number, origin);
        }
        self
    }

    fn set_lower(&mut self, limit: Limit, number: Option<u64>, origin: Origin) {
        let is_allowed = self.allows(limit, number);
        self.set(
            limit,
            if is_allowed { number } else { self.ceilings.0.get(limit) },
            if is_allowed { origin } else { Origin::Classroom },
        );
    }

    fn set(&mut self, limit: Limit, number: Option<u64>, origin: Origin) {
        self.limits = self.limits.with(limit, number);
        self.origins[limit as usize] = origin;
    }

    fn allows(&self, limit: Limit, number: Option<u64>) -> bool {
        match (number, self.ceilings.0.get(limit)) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(number), Some(ceiling)) => number <= ceiling,
        }
    }

    /// The limits that hold now.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Changes limits as a cell wishes: `memory 1G`, or `memory=1G,time=none`. If a part of it cannot be, nothing changes.
    ///
    /// # Errors
    /// If it cannot be read, or is above a ceiling.
    pub fn change(&mut self, wish: &str) -> Result<Changes, ChangeError> {
        let words: Vec<&str> = wish.split_whitespace().collect();
        let changes = match words[..] {
            _ if wish.contains('=') => wish.parse()?,
            [name, value] => {
                let limit = limit_of(name)?;
                Changes::of(limit, number_of(limit, value)?)
            }
            _ => return Err(ChangeError::Form(wish.to_string())),
        };
        if let Some((limit, number)) = changes.iter().find(|(limit, number)| !self.allows(*limit, *number)) {
            let most = shown(limit, self.ceilings.0.get(limit));
            return Err(ChangeError::TooHigh { limit, most, found: shown(limit, number) });
        }
        for (limit, number) in changes.iter() {
            self.set(limit, number, Origin::Cell);
        }
        Ok(changes)
    }

    /// All limits, line by line, with where each comes from.
    pub fn table(&self) -> String {
        Limit::ALL.map(|limit| self.line(limit)).concat()
    }

    /// One line of the table.
    pub fn line(&self, limit: Limit) -> String {
        let (number, meaning) = (shown(limit, self.limits.get(limit)), limit.meaning());
        let origin = self.origins[limit as usize];
        let most = match self.ceilings.0.get(limit) {
            Some(_) if origin == Origin::Classroom => ", which cannot be raised".to_string(),
            Some(ceiling) => format!("; the classroom allows {}", shown(limit, Some(ceiling))),
            None => String::new(),
        };
        format!("{:11}{number:8}{meaning:33}{origin}{most}\n", limit.name())
    }

    /// What is said when a cell has hit a limit: which, its value, and how to change it.
    pub fn sentence(&self, limit: Limit) -> String {
        format!("{}; {}", self.exceeded(limit), self.remedy(limit))
    }

    /// Which limit a cell has hit, and its value.
    pub fn exceeded(&self, limit: Limit) -> String {
        let value = shown(limit, self.limits.get(limit));
        match limit {
            Limit::Memory => format!("the cell needs more memory than the limit of {value}"),
            Limit::ProcessorTime => {
                format!("the cell used the processor for longer than the limit of {value}")
            }
            Limit::Time => format!("the cell ran for longer than the limit of {value}"),
            Limit::Processes => {
                format!("the cell wanted more processes and threads than the limit of {value}")
            }
            Limit::FileSize => format!("the cell wanted to write a file larger than the limit of {value}"),
            Limit::Output => format!("the cell printed and showed more than the limit of {value}"),
        }
    }

    /// How a limit can be changed from inside the notebook.
    pub fn remedy(&self, limit: Limit) -> String {
        let (number, ceiling) = (self.limits.get(limit), self.ceilings.0.get(limit));
        let doubled = number.map(|number| round(limit, number.saturating_mul(2).max(1)));
        match (doubled, ceiling) {
            (_, Some(ceiling)) if number == Some(ceiling) => {
                "it is set by the classroom, and cannot be raised here".to_string()
            }
            (doubled, Some(ceiling)) => {
                let more = shown(limit, Some(doubled.map_or(ceiling, |doubled| doubled.min(ceiling))));
                format!(
                    "`:limit {limit} {more}` raises it (the classroom allows {})",
                    shown(limit, ceiling.into())
                )
            }
            (doubled, None) => {
                format!(
                    "`:limit {limit} {}` raises it, `:limit {limit} none` takes it away",
                    shown(limit, doubled)
                )
            }
        }
    }
}

/// A number that reads well: what is many seconds or gigabytes needs no more precision than that.
fn round(limit: Limit, number: u64) -> u64 {
    let step = match limit.unit() {
        Unit::Bytes => [1 << 30, 1 << 20, 1 << 10],
        Unit::Milliseconds => [3_600_000, 60_000, 1_000],
        Unit::Count => return number,
    };
    let step = step.into_iter().find(|step| number >= 4 * step).unwrap_or(1);
    number.div_ceil(step).saturating_mul(step)
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Default => "by default",
            Self::Environment => "from NETSPLIT_LIMITS",
            Self::CommandLine => "from --limits",
            Self::Classroom => "set by the classroom",
            Self::Cell => "from :limit",
        })
    }
}

impl FromStr for Ceilings {
    type Err = LimitsError;

    fn from_str(text: &str) -> Result<Self, LimitsError> {
        text.parse().map(Self)
    }
}

impl fmt::Display for Ceilings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = Limit::ALL.into_iter().filter_map(|limit| Some((limit, Some(self.0.get(limit)?))));
        set.fold(Changes::default(), |all, (limit, number)| all.and(&Changes::of(limit, number))).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(text: &str) -> Changes {
        text.parse().unwrap()
    }

    fn classroom() -> Policy {
        Policy::new(Ceilings("memory=256M,cpu=60s,time=5m,output=5M".parse().unwrap()))
    }

    /// Without ceilings, whoever speaks later is heard, and a cell may do what it likes.
    #[test]
    fn without_ceilings_the_last_word_counts() {
        let policy = Policy::default().with(&changes("time=5m,cpu=1m"), Origin::Environment);
        let mut policy = policy.with(&changes("time=10m"), Origin::CommandLine);
        assert_eq!(
            policy.line(Limit::Time),
            "time       10m     time of a cell                   from --limits\n"
        );
        assert_eq!(
            policy.line(Limit::ProcessorTime),
            "cpu        1m      processor time of a cell         from NETSPLIT_LIMITS\n"
        );
        policy.change("time none").unwrap();
        policy.change("memory=1G, file=1M").unwrap();
        assert_eq!(policy.limits().time(), None);
        assert_eq!((policy.limits().memory(), policy.limits().file_size()), (Some(1 << 30), Some(1 << 20)));
        assert_eq!(
            policy.line(Limit::Time),
            "time       none    time of a cell                   from :limit\n"
        );
        assert_eq!(policy.table().lines().count(), 6);
    }

    /// A ceiling holds from the start; a cell may go below it and come back, and never above.
    #[test]
    fn ceilings_are_lowered_and_never_raised() {
        let mut policy = classroom();
        assert_eq!(policy.limits().memory(), Some(256 << 20));
        assert_eq!(policy.limits().processes(), None);
        policy.change("time 1m").unwrap();
        policy.change("time 5m").unwrap();
        let before = policy.clone();
        for (wish, told) in [
            ("time 6m", "expected at most 5m for time, which the classroom has set, got 6m"),
            ("time none", "expected at most 5m for time, which the classroom has set, got none"),
            ("cpu=1s,output=6M", "expected at most 5M for output, which the classroom has set, got 6M"),
        ] {
            assert_eq!(policy.change(wish).unwrap_err().to_string(), told);
        }
        assert_eq!(policy, before, "nothing of a wish that is refused has come true");
        policy.change("processes none").unwrap();
    }

    /// What comes from the environment or the command line is held under the ceilings, too.
    #[test]
    fn ceilings_hold_against_the_environment() {
        let policy = classroom().with(&changes("time=none,cpu=1s,memory=1T"), Origin::Environment);
        assert_eq!(policy.limits().time(), Limits::classroom().time());
        assert_eq!(policy.limits().memory(), Some(256 << 20));
        let lines = [
            (
                Limit::Time,
                "time       5m      time of a cell                   set by the classroom, which cannot be raised\n",
            ),
            (
                Limit::ProcessorTime,
                "cpu        1s      processor time of a cell         from NETSPLIT_LIMITS; the classroom allows 1m\n",
            ),
        ];
        for (limit, line) in lines {
            assert_eq!(policy.line(limit), line);
        }
    }

    /// A wish that cannot be read says what was expected.
    #[test]
    fn wishes_that_cannot_be_read() {
        let told = |wish: &str| Policy::default().change(wish).unwrap_err().to_string();
        assert_eq!(
            told("memory"),
            "expected a limit and its value, as in :limit memory 1G, got \"memory\"; :limits shows what holds"
        );
        assert!(told("ram 1G").starts_with("expected a limit (memory, cpu,"), "{}", told("ram 1G"));
        assert!(told("memory 1").starts_with("expected a size with its unit"), "{}", told("memory 1"));
        assert!(told("memory=1G=2").contains("\"1G=2\""), "{}", told("memory=1G=2"));
    }

    /// Each sentence names the limit and its value, and a remedy that works.
    #[test]
    fn sentences_name_limit_value_and_remedy() {
        let mut policy = Policy::default();
        policy.change("memory=2G,cpu=60s,time=5m,processes=64,file=100M,output=10M").unwrap();
        let expected = [
            "the cell needs more memory than the limit of 2G; `:limit memory 4G` raises it, `:limit memory none` takes it away",
            "the cell used the processor for longer than the limit of 1m; `:limit cpu 2m` raises it, `:limit cpu none` takes it away",
            "the cell ran for longer than the limit of 5m; `:limit time 10m` raises it, `:limit time none` takes it away",
            "the cell wanted more processes and threads than the limit of 64; `:limit processes 128` raises it, `:limit processes none` takes it away",
            "the cell wanted to write a file larger than the limit of 100M; `:limit file 200M` raises it, `:limit file none` takes it away",
            "the cell printed and showed more than the limit of 10M; `:limit output 20M` raises it, `:limit output none` takes it away",
        ];
        for (limit, expected) in Limit::ALL.into_iter().zip(expected) {
            assert_eq!(policy.sentence(limit), expected);
            let remedy = expected.split("`:limit ").nth(1).unwrap().split('`').next().unwrap();
            policy.clone().change(remedy).unwrap();
        }
    }

    /// Under a ceiling the remedy is not above it; at the ceiling there is none.
    #[test]
    fn remedies_under_ceilings() {
        let mut policy = classroom();
        assert_eq!(policy.remedy(Limit::Time), "it is set by the classroom, and cannot be raised here");
        policy.change("time 3m").unwrap();
        assert_eq!(policy.remedy(Limit::Time), "`:limit time 5m` raises it (the classroom allows 5m)");
        policy.change("processes 0").unwrap();
        assert_eq!(
            policy.remedy(Limit::Processes),
            "`:limit processes 1` raises it, `:limit processes none` takes it away"
        );
    }

    /// Three quarters of an odd machine, doubled, is still a number that one can read.
    #[test]
    fn remedies_read_well() {
        assert_eq!(round(Limit::Memory, 23_461 << 20), 23 << 30);
        assert_eq!(round(Limit::Time, 91_000), 91_000);
        assert_eq!(round(Limit::Time, 241_500), 300_000);
    }

    /// Ceilings are read back as they were written.
    #[test]
    fn ceilings_are_written_without_what_has_none() {
        let ceilings: Ceilings = "memory=256M,time=5m".parse().unwrap();
        assert_eq!(ceilings.to_string(), "memory=256M,time=5m");
        assert_eq!(Ceilings(Limits::classroom()).to_string().parse(), Ok(Ceilings(Limits::classroom())));
    }
}

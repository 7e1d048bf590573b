//! The limits that a kernel is started with: from the command line, from the environment, and from whoever has installed
//! it for others.

use clap::Args;
use netsplit_engine::limits::{Ceilings, Changes, Limits, Origin, Policy};

use super::Failure;

/// Where the environment speaks of limits.
pub const VARIABLE: &str = "NETSPLIT_LIMITS";

/// The option that every command with limits has.
#[derive(Clone, Debug, Default, Args)]
pub struct Wanted {
    /// What a cell may use, as in memory=2G,cpu=60s,time=5m,processes=64,file=100M,output=10M; `none` lifts a limit
    #[arg(long, value_name = "LIMITS")]
    pub limits: Option<Changes>,
}

impl Wanted {
    /// What holds in a notebook. The command line goes before the environment, and nothing goes above the ceilings.
    pub fn policy(&self, ceilings: Option<&Ceilings>) -> Result<Policy, Failure> {
        let policy = Policy::new(ceilings.copied().unwrap_or_default());
        let policy = policy.with(&from_environment()?, Origin::Environment);
        Ok(policy.with(&self.limits.clone().unwrap_or_default(), Origin::CommandLine))
    }

    /// What a kernel that is started by this process must find in its environment, so that these limits hold in it.
    pub fn environment(&self) -> Result<Vec<(&'static str, std::ffi::OsString)>, Failure> {
        let Some(limits) = &self.limits else { return Ok(Vec::new()) };
        Ok(vec![(VARIABLE, from_environment()?.and(limits).to_string().into())])
    }

    /// The kernel's arguments in a kernelspec: in a classroom, limits are ceilings.
    pub fn arguments(&self, is_classroom: bool) -> Vec<String> {
        let limits = self.limits.clone().unwrap_or_default();
        match (is_classroom, &self.limits) {
            (true, _) => {
                let ceilings = Ceilings(limits.applied_to(Limits::classroom()));
                vec!["--ceilings".to_string(), ceilings.to_string()]
            }
            (false, Some(limits)) => vec!["--limits".to_string(), limits.to_string()],
            (false, None) => Vec::new(),
        }
    }
}

fn from_environment() -> Result<Changes, Failure> {
    let text = std::env::var_os(VARIABLE).unwrap_or_default();
    text.to_string_lossy().parse().map_err(|error| Failure(format!("in {VARIABLE}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(limits: &str) -> Wanted {
        Wanted { limits: Some(limits.parse().unwrap()) }
    }

    /// In a kernelspec, limits are wishes; in a classroom they are ceilings, and change those that a classroom has.
    #[test]
    fn a_classroom_has_ceilings() {
        assert_eq!(Wanted::default().arguments(false), [""; 0]);
        assert_eq!(wanted("time=1m").arguments(false), ["--limits", "time=1m"]);
        assert_eq!(
            wanted("time=1m,processes=none").arguments(true),
            ["--ceilings", "memory=1G,cpu=1m,time=1m,file=100M,output=5M"]
        );
    }

    /// The command line is heard, below the ceilings.
    #[test]
    fn ceilings_hold() {
        let ceilings = "time=5m".parse().unwrap();
        let policy = wanted("time=none,cpu=2s").policy(Some(&ceilings)).unwrap();
        assert_eq!(policy.limits().time().map(|it| it.as_secs()), Some(300));
        assert_eq!(policy.limits().processor_time().map(|it| it.as_secs()), Some(2));
    }
}

//! The contents of `usage_request` and its reply: what the kernel and its machine use.
//!
//! The names are those of the Python kernel, which JupyterLab's display of resources reads. What the system does not
//! tell is left out.

use serde::{Deserialize, Serialize};

use super::Outcome;

/// Asks what the kernel uses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UsageRequest {}

/// What the kernel uses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UsageReply {
    /// Always ok.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The figures.
    #[serde(flatten)]
    pub usage: Usage,
}

/// What the kernel, all its children and its machine use.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// The machine's name.
    pub hostname: String,
    /// The kernel's process.
    pub pid: u32,
    /// Percent of one processor, of the kernel and its children, since the request before; 0 at the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel_cpu: Option<f64>,
    /// Bytes of memory of the kernel and its children; what they share is counted once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel_memory: Option<u64>,
    /// Percent of all processors that anybody uses, since the request before; left out at the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_cpu_percent: Option<f64>,
    /// How many processors there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_count: Option<usize>,
    /// The machine's memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_virtual_memory: Option<HostMemory>,
}

/// A machine's memory, in bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HostMemory {
    /// All of it.
    pub total: u64,
    /// What programs can still get.
    pub available: u64,
    /// Percent that programs cannot get any more.
    pub percent: f64,
    /// What is in use.
    pub used: u64,
    /// What nobody uses for anything.
    pub free: u64,
}

//! Which system calls are denied, as a filter that the kernel runs (seccomp).
//!
//! `denied.rs` is the list. Everything that Linux 6.10 knows has been looked at for it; what came later is answered as an
//! older kernel does (`ENOSYS`), so that nothing new is allowed before it has been looked at. What is on the list fails with
//! `EPERM`, which the standard library turns into an ordinary error: nobody is killed, and a student sees "Operation not
//! permitted" at the line that asked.
//!
//! The filter is on the side of the processor's own system calls: those of 32-bit programs, and those of the x32 kind, which
//! have other numbers for the same calls, do not exist in a confined process.

mod denied;

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter, sock_filter,
};

use crate::{ConfinementError, Starts};

/// The last system call of Linux 6.10 (`mseal`). Newer ones have larger numbers, the same on all processors.
const LAST_KNOWN: u32 = 462;

/// The processor, as the compiler of filters knows it.
#[cfg(target_arch = "x86_64")]
const PROCESSOR: Option<TargetArch> = Some(TargetArch::x86_64);
#[cfg(target_arch = "aarch64")]
const PROCESSOR: Option<TargetArch> = Some(TargetArch::aarch64);
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const PROCESSOR: Option<TargetArch> = None;

/// Calls that are denied for one reason, whatever their arguments.
type Calls = &'static [c_long];

/// One call that is denied if all conditions of one of the cases hold of its arguments.
struct DeniedIf {
    call: c_long,
    cases: Vec<Vec<SeccompCondition>>,
}

/// Denies system calls to this process, and to all that it starts. `landlock` is the version of Landlock that is in force: what it
/// does not do is done here.
pub fn filter(starts: Starts, landlock: u32) -> Result<(), ConfinementError> {
    let processor = PROCESSOR.ok_or(ConfinementError::OtherProcessor)?;
    let refused = |error: seccompiler::Error| ConfinementError::SystemCalls(error.to_string());
    let denied = compile(
        denied::always(starts, landlock),
        denied::by_arguments(starts, landlock),
        libc::EPERM,
        processor,
    )?;
    let absent = compile(denied::absent(landlock), Vec::new(), libc::ENOSYS, processor)?;
    // All filters are asked at each call, and the strictest answer holds.
    for program in [known_calls_only(), absent, denied] {
        apply_filter(&program).map_err(refused)?;
    }
    Ok(())
}

/// Denies this process, which has one thread, to start others, to sleep, to change what becomes of it, and to signal anybody: Landlock keeps
/// signals among the confined, and so does not keep them from the process that this one is a copy of.
pub fn deny_company() -> Result<(), ConfinementError> {
    let processor = PROCESSOR.ok_or(ConfinementError::OtherProcessor)?;
    let program = compile(vec![denied::COMPANY], denied::signals_to_others(), libc::EPERM, processor)?;
    apply_filter(&program).map_err(|error| ConfinementError::SystemCalls(error.to_string()))
}

fn compile(
    always: Vec<Calls>,
    by_arguments: Vec<DeniedIf>,
    errno: i32,
    processor: TargetArch,
) -> Result<BpfProgram, ConfinementError> {
    let refused = |error: seccompiler::BackendError| ConfinementError::SystemCalls(error.to_string());
    let mut rules: BTreeMap<c_long, Vec<SeccompRule>> = BTreeMap::new();
    for DeniedIf { call, cases } in by_arguments {
        let cases =
            cases.into_iter().map(SeccompRule::new).collect::<Result<Vec<_>, _>>().map_err(refused)?;
        rules.entry(call).or_default().extend(cases);
    }
    // Without rules a call is denied whatever its arguments.
    rules.extend(always.into_iter().flatten().map(|call| (*call, Vec::new())));
    let answer = SeccompAction::Errno(errno.unsigned_abs());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, answer, processor).map_err(refused)?;
    let mut program: BpfProgram = filter.try_into().map_err(refused)?;
    // It begins by ending whoever makes a call of another kind, as 32-bit programs do; to us, those calls do not exist.
    for instruction in program.iter_mut().filter(|it| it.k == u32::from(SeccompAction::KillProcess)) {
        instruction.k = SeccompAction::Errno(libc::ENOSYS.unsigned_abs()).into();
    }
    Ok(program)
}

/// A filter that answers `ENOSYS` to calls that are newer than this code, and to those of x32, whose numbers begin at 2^30. The
/// compiler of filters cannot say "greater than", so this is written by hand.
fn known_calls_only() -> BpfProgram {
    /// The offset of the call's number in `struct seccomp_data` of linux/seccomp.h.
    const NUMBER: u32 = 0;
    let answer = |what: SeccompAction| instruction(libc::BPF_RET | libc::BPF_K, 0, 0, what.into());
    vec![
        instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, NUMBER),
        // If it is greater, one instruction is left out.
        instruction(libc::BPF_JMP | libc::BPF_JGT | libc::BPF_K, 1, 0, LAST_KNOWN),
        answer(SeccompAction::Allow),
        answer(SeccompAction::Errno(libc::ENOSYS.unsigned_abs())),
    ]
}

fn instruction(code: u32, jt: u8, jf: u8, k: u32) -> sock_filter {
    // The codes of all instructions are below 256.
    sock_filter { code: code as u16, jt, jf, k }
}

/// The lower half of an argument is compared so; most arguments are numbers of 32 bits, of which the kernel ignores the rest.
fn argument(index: u8, operator: SeccompCmpOp, value: u64) -> Vec<SeccompCondition> {
    condition(index, SeccompCmpArgLen::Dword, operator, value)
}

/// A whole argument, as for addresses.
fn whole_argument(index: u8, operator: SeccompCmpOp, value: u64) -> Vec<SeccompCondition> {
    condition(index, SeccompCmpArgLen::Qword, operator, value)
}

fn condition(
    index: u8,
    length: SeccompCmpArgLen,
    operator: SeccompCmpOp,
    value: u64,
) -> Vec<SeccompCondition> {
    let made = SeccompCondition::new(index, length, operator, value);
    vec![made.expect("a call has six arguments, and the list names none beyond them")]
}

//! Compiler flags: one set per target, here and nowhere else.
//!
//! `core` is built once per set of flags, so the kernel and all tasks of a target
//! share one set. What differs between crates (optimisation level) belongs into
//! `[profile.release.package.NAME]` of the workspace, what differs between
//! programs (the linker script) is given by their build scripts.

/// Flags of every AArch64 target.
const AARCH64: &[&str] = &[
    // Backtraces of a stopped task need no unwind tables.
    "-Cforce-frame-pointers=yes",
    // Every program is linked at its final address.
    "-Crelocation-model=static",
    // The kernel has no indirect branches but the return from a call.
    "-Cjump-tables=no",
    // An ADRP in the last two words of a page may compute a wrong address on
    // Cortex-A53 (erratum 843419); the linker rewrites such sequences.
    "-Clink-arg=--fix-cortex-a53-843419",
];

/// Flags of `target`, without the path prefixes, which depend on the machine.
#[must_use]
pub fn for_target(target: &str) -> &'static [&'static str] {
    if target.starts_with("aarch64-") { AARCH64 } else { &["-Crelocation-model=static"] }
}

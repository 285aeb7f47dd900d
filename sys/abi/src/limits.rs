//! Limits of an image, enforced by `cargo xtask check` and assumed by the kernel.

/// Tasks in an image; ready sets and caller sets are 64-bit masks.
pub const MAX_TASKS: usize = 64;
/// Scheduling bands.
pub const MAX_BANDS: usize = 32;
/// Ports (callable channels) of one task.
pub const MAX_PORTS: usize = 64;
/// Highest operation number of an interface; operations are numbered from 1.
pub const MAX_OPERATION: u16 = 63;
/// Notification bits of one task.
pub const MAX_NOTIFICATIONS: usize = 32;
/// Interrupts of an image.
pub const MAX_IRQS: usize = 128;
/// Timers of one task.
pub const MAX_TIMERS: usize = 8;
/// Leases lent with one call.
pub const MAX_LEASES: usize = 8;
/// Post grants of one task.
pub const MAX_POSTS: usize = 64;
/// Bytes of a message or a reply that travel in registers.
pub const MESSAGE_BYTES: usize = 64;
/// Message words; eight bytes each.
pub const MESSAGE_WORDS: usize = 8;
/// Most bytes one lease system call copies.
pub const LEASE_COPY_BYTES: usize = 1024;
/// Things of one kind that the kernel does between two looks for an interrupt: clients
/// told of a restart, deadlines that have passed, interrupts taken or masked.
pub const BATCH: usize = 4;
/// Longest panic message that the kernel keeps, in bytes.
pub const PANIC_BYTES: usize = 128;
/// Summary counters of one task, kept in its log ring's header.
pub const MAX_SUMMARY: usize = 8;
/// Size of a page and granule of every mapping, in bytes.
pub const PAGE: u64 = 4096;
/// Address space of one task, in bytes (32 MiB; page 0 is never mapped).
pub const SPAN: u64 = 32 << 20;

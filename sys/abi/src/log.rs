//! Logs: the ring in each task's memory, and the serial line that carries it.
//!
//! ```text
//!   task ──defmt──► its ring (read-write, own pages, survives restart)
//!                      │ mapped read-only
//!                      ▼
//!                   log task ──► UART:  text … 00 T COBS(G S F) 00 … text
//! ```
//!
//! A ring is a [`RingHeader`] followed, at offset [`RING_DATA`], by bytes used in
//! a circle. `head` and `tail` count bytes since the ring was set up and never
//! wrap; a position is taken modulo the capacity. A record is `length: u16`
//! (of what follows), `generation: u32`, `sequence: u32`, then one defmt frame in
//! raw encoding. The writer first moves `tail` past the records it is going to
//! overwrite, then writes, then moves `head`. A reader copies a record and keeps
//! it only if `tail` has not passed it meanwhile.
//!
//! On the line, a byte 0 opens a frame: one byte of kind ([`LINE_TASK`] + task
//! index, or [`LINE_SUMMARY`], [`LINE_BOOT`]), a COBS body, and a closing 0. Text is
//! everything outside frames and never contains 0.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// First word of a ring that is set up: "xv6r".
pub const RING_MAGIC: u32 = 0x7236_7678;
/// Offset of the data from the start of the ring, in bytes.
pub const RING_DATA: usize = 256;
/// Bytes of a record before the defmt frame: length, generation, sequence.
pub const RECORD_HEADER: usize = 10;
/// Longest record (without the length field itself), in bytes.
pub const RECORD_MAX: usize = 512;
/// Default size of a ring, in bytes, header included.
pub const RING_DEFAULT: u64 = 8192;

/// Start of a log ring.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct RingHeader {
    /// [`RING_MAGIC`].
    pub magic: u32,
    /// Bytes of data after [`RING_DATA`].
    pub capacity: u32,
    /// Bytes ever written.
    pub head: u64,
    /// Where the oldest whole record starts.
    pub tail: u64,
    /// Sequence number of the next record.
    pub sequence: u32,
    /// Records that were too long and dropped.
    pub dropped: u32,
    /// Summary counters, in the order of `summary` in app.toml.
    pub counters: [u64; crate::limits::MAX_SUMMARY],
}

/// Kind byte of a frame of task 0; task *n* is this plus *n*.
pub const LINE_TASK: u8 = 1;
/// Kind byte of a summary frame: body is `task: u8, count: u8`, then `count` values
/// of 8 bytes.
pub const LINE_SUMMARY: u8 = 0xfe;
/// Kind byte of a boot frame: body is a [`crate::boot::BootRecord`].
pub const LINE_BOOT: u8 = 0xfd;
/// Kind byte of the last frame of a run: body is empty.
pub const LINE_END: u8 = 0xfc;

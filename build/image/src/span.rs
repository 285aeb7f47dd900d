//! Spans: where everything but code and data lies in a task's address space.
//!
//! ```text
//!   0            never mapped
//!   0x1000       text, rodata, data, bss, uninit, initial data
//!   …            (placed by the linker, from the bottom)
//!                nothing
//!   …            guard, stack
//!   …            heap; in the log task: everybody's rings; boot record; own log ring
//!                boot info; devices in the order of `uses`
//!   32 MiB       a page that is never mapped
//! ```
//!
//! From the top downwards, with an unmapped page between any two: these addresses
//! are known before the task is compiled, and its code has them as constants. The
//! stack comes last, so that its size moves nothing: its top is known to the linker, and
//! how far down it reaches is decided when the program is there to be looked at.

use abi::limits::{PAGE, SPAN};
use exov6_config::model::{Model, Task};

/// What a fixed piece of a span is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Device: index into [`Task::devices`].
    Device(usize),
    /// The boot-info page.
    BootInfo,
    /// The boot-record page.
    BootRecord,
    /// The log ring of a task: its index.
    Ring(usize),
    /// The task's heap.
    Heap,
}

/// A fixed piece and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// What.
    pub piece: Piece,
    /// First byte in the span.
    pub address: u64,
    /// Bytes; whole pages.
    pub size: u64,
}

/// The fixed pieces of a task's span, from the top downwards.
#[must_use]
pub fn fixed(model: &Model, task: &Task) -> Vec<Placed> {
    let mut pieces: Vec<(Piece, u64)> =
        task.devices.iter().enumerate().map(|(n, d)| (Piece::Device(n), d.size)).collect();
    if task.boot_info {
        pieces.push((Piece::BootInfo, PAGE));
    }
    pieces.push((Piece::Ring(task.index), task.log.ring));
    let is_log = model.log.is_some_and(|log| log.task == task.index);
    if is_log || task.boot_record {
        pieces.push((Piece::BootRecord, PAGE));
    }
    if is_log {
        for other in model.tasks.iter().filter(|other| other.index != task.index) {
            pieces.push((Piece::Ring(other.index), other.log.ring));
        }
    }
    if let Some(heap) = task.heap {
        pieces.push((Piece::Heap, heap));
    }
    let mut end = SPAN - PAGE;
    pieces
        .into_iter()
        .map(|(piece, size)| {
            let address = end.saturating_sub(size);
            end = address.saturating_sub(PAGE);
            Placed { piece, address, size }
        })
        .collect()
}

/// The place of one piece.
#[must_use]
pub fn find(placed: &[Placed], piece: Piece) -> Option<Placed> {
    placed.iter().copied().find(|p| p.piece == piece)
}

/// The end of the stack: a page below the lowest of the fixed pieces.
#[must_use]
pub fn stack_top(placed: &[Placed]) -> u64 {
    let floor = placed.iter().map(|p| p.address).min().unwrap_or(SPAN);
    floor.saturating_sub(PAGE)
}

/// The addresses of a stack of so many bytes, which are whole pages; the page below is
/// its guard.
#[must_use]
pub fn stack(placed: &[Placed], size: u64) -> (u64, u64) {
    let top = stack_top(placed);
    (top.saturating_sub(size), top)
}

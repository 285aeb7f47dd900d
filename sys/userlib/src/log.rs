//! The log: what stands behind `defmt`'s macros in a task, and behind its counters.
//!
//! `defmt` calls the logger below once per piece of a record; `exov6_log::Writer`
//! puts the pieces into the task's ring. Where the ring lies is a constant that the
//! build tools write into the task ([`LogConfig`]); which records are kept is
//! decided by the linker script (`__log_floor`), so that the level of a task can
//! be changed without compiling it again. Recording costs no waiting and no memory
//! besides the ring.

use crate::{Counter, LogConfig, LogRing, time};
use abi::log::RING_DATA;
use core::cell::RefCell;
use core::sync::atomic::AtomicU8;
use exov6_log::{Shared, Writer};

pub use exov6_log::{Reader, Record, Ring, line};

#[cfg(target_os = "none")]
unsafe extern "C" {
    /// First index that is kept, as an address; a symbol of the linker script.
    static __log_floor: u8;
}
#[cfg(target_os = "none")]
unsafe extern "Rust" {
    /// Written by the build tools into the task's generated module.
    safe static EXOV6_LOG: LogConfig;
}
#[cfg(not(target_os = "none"))]
static EXOV6_LOG: LogConfig = LogConfig { ring: 0, size: 0, post: None };

/// A value that is only ever touched by one thread: a task has no other.
struct TaskCell<T>(RefCell<T>);

// SAFETY: a task is a single thread and has no signal handlers, so nothing can
// touch the cell while something else does. The host has no ring to write to.
unsafe impl<T> Sync for TaskCell<T> {}

static WRITER: TaskCell<Option<Writer<'static>>> = TaskCell(RefCell::new(None));

/// Memory at an address as a ring; `None` if it cannot be one.
///
/// # Safety
/// `size` bytes from `address` on are mapped for the whole life of the task, and
/// everybody who writes them writes atomics. They need be writable only for a writer.
unsafe fn ring_at(address: usize, size: usize) -> Option<Ring<'static>> {
    let capacity = size.checked_sub(RING_DATA)?;
    if address == 0 || capacity == 0 || !address.is_multiple_of(align_of::<Shared>()) {
        return None;
    }
    let start = core::ptr::with_exposed_provenance::<u8>(address);
    // SAFETY: mapped and shared as promised by the caller; the address is aligned, and
    // `Shared` is no longer than RING_DATA. Any bytes are valid atomics.
    let shared = unsafe { &*start.cast::<Shared>() };
    // SAFETY: as above, for the rest of the ring.
    let data =
        unsafe { core::slice::from_raw_parts(start.add(RING_DATA).cast::<AtomicU8>(), capacity) };
    Some(Ring::new(shared, data))
}

/// Takes up the task's own ring, at the start of a generation.
pub(crate) fn prepare(generation: u32) {
    if !cfg!(target_os = "none") {
        return;
    }
    // SAFETY: the address comes from the build tools, which map the ring read-write
    // into this task and read-only into the log task.
    let ring = unsafe { ring_at(EXOV6_LOG.ring, EXOV6_LOG.size) };
    *WRITER.0.borrow_mut() = ring.map(|ring| Writer::new(ring, generation, floor()));
}

/// First defmt index that is kept.
#[cfg(target_os = "none")]
fn floor() -> u16 {
    // The linker script keeps indices below 65,534.
    (&raw const __log_floor).addr() as u16
}
#[cfg(not(target_os = "none"))]
fn floor() -> u16 {
    0
}

#[defmt::global_logger]
struct Logger;

// SAFETY: a task has one execution context; `acquire` panics if it is acquired
// already, and `WRITER` is borrowed only inside each function.
unsafe impl defmt::Logger for Logger {
    fn acquire() {
        if let Some(writer) = &mut *WRITER.0.borrow_mut() {
            assert!(!writer.is_open(), "a log macro was used while formatting for another one");
            writer.begin();
        }
    }

    unsafe fn flush() {
        // The log task fetches records when it runs; there is nothing to wait for.
    }

    unsafe fn release() {
        let new = WRITER.0.borrow_mut().as_mut().is_some_and(Writer::commit);
        if new && let Some(grant) = EXOV6_LOG.post {
            // If the log task was just restarted, it looks at every ring anyway.
            crate::post(grant);
        }
    }

    unsafe fn write(bytes: &[u8]) {
        if let Some(writer) = &mut *WRITER.0.borrow_mut() {
            writer.write(bytes);
        }
    }
}

defmt::timestamp!("{=u64:us}", time::since_boot().to_us());

impl Counter {
    /// Adds to the counter; it stays at its largest value rather than wrap.
    pub fn add(self, amount: u64) {
        self.change(|old| old.saturating_add(amount));
    }

    /// Sets the counter.
    pub fn set(self, value: u64) {
        self.change(|_| value);
    }

    /// Raises the counter to `value` if it is below.
    pub fn max(self, value: u64) {
        self.change(|old| old.max(value));
    }

    /// The counter's value.
    #[must_use]
    pub fn get(self) -> u64 {
        WRITER.0.borrow().as_ref().map_or(0, |writer| writer.ring().counter(self.0))
    }

    fn change(self, change: impl FnOnce(u64) -> u64) {
        if let Some(writer) = &*WRITER.0.borrow() {
            writer.ring().update_counter(self.0, change);
        }
    }
}

impl LogRing {
    /// The ring's memory; `None` if it cannot be a ring.
    #[must_use]
    pub fn ring(&self) -> Option<Ring<'static>> {
        if !cfg!(target_os = "none") {
            return None;
        }
        // SAFETY: the address comes from the build tools, which map every ring
        // read-only into the log task, for which alone they write such constants.
        unsafe { ring_at(self.address, self.size) }
    }

    /// A reader that continues at a position ([`Reader::position`]), or at the oldest
    /// record if that is gone; 0 reads everything there is.
    #[must_use]
    pub fn reader(&self, position: u64) -> Option<Reader<'static>> {
        Some(Reader::resume(self.ring()?, position))
    }

    /// Values of the ring's summary counters, in order.
    pub fn counters(&self) -> impl Iterator<Item = u64> + use<> {
        let ring = self.ring();
        (0..self.summary).map(move |number| ring.map_or(0, |ring| ring.counter(number)))
    }
}

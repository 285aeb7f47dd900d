//! What runs before `main` and after a panic.

use crate::time::Ticks;
use crate::{log, sys};
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

static INDEX: AtomicU32 = AtomicU32::new(0);
static GENERATION: AtomicU32 = AtomicU32::new(0);
static BOOT: AtomicU64 = AtomicU64::new(0);

/// Task index of this task.
#[must_use]
pub fn index() -> u32 {
    INDEX.load(Relaxed)
}

/// Restarts of this task so far.
#[must_use]
pub fn generation() -> u32 {
    GENERATION.load(Relaxed)
}

/// Counter at kernel entry.
pub(crate) fn boot() -> Ticks {
    Ticks(BOOT.load(Relaxed))
}

#[cfg(target_os = "none")]
unsafe extern "C" {
    /// Defined by the task, through [`crate::entry`].
    safe fn task_main() -> !;
}

/// Continues `_start` once memory is what it should be.
#[cfg(target_os = "none")]
pub(crate) extern "C" fn run() -> ! {
    prepare();
    task_main()
}

/// Learns who this task is and takes up its log ring.
#[cfg_attr(not(target_os = "none"), expect(dead_code, reason = "there is no start on the host"))]
fn prepare() {
    let me = sys::self_info();
    INDEX.store(me.index, Relaxed);
    GENERATION.store(me.generation, Relaxed);
    BOOT.store(me.boot.0, Relaxed);
    log::prepare(me.generation);
}

#[cfg(target_os = "none")]
#[panic_handler]
fn panic(info: &core::panic::PanicInfo<'_>) -> ! {
    use core::sync::atomic::AtomicBool;
    static PANICKING: AtomicBool = AtomicBool::new(false);
    if PANICKING.swap(true, Relaxed) {
        sys::panic(b"panicked while writing a panic message");
    }
    describe(info)
}

/// Formats the message and stops. Not entered twice: the worst stack of a task is
/// computed with one panic in it (`build/callgraph` knows this function by its name).
#[cfg(target_os = "none")]
#[inline(never)]
fn describe(info: &core::panic::PanicInfo<'_>) -> ! {
    let mut message = crate::panic_message::PanicMessage::new();
    match info.location() {
        Some(at) => message.write(info.message(), at.file(), at.line(), at.column()),
        None => message.write(info.message(), "?", 0, 0),
    }
    sys::panic(message.as_bytes())
}

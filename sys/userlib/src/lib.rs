//! exov6-userlib: what every task is linked with.
//!
//! ```text
//!   kernel ──► _start ──► rt::run ──► task_main        (arch, rt)
//!              restores   self_info,  written by the task,
//!              memory     log ring    through entry!
//! ```
//!
//! | module | what it gives a task |
//! | --- | --- |
//! | [`sys`] | every system call, typed, one function each |
//! | [`kernel`] | kernel operations by name |
//! | [`time`] | the counter, deadlines, sleeping |
//! | [`log`] | the writer behind `defmt`'s macros; readers for the log task |
//! | [`heap`](heap!) | an allocator, for a task with `heap = "…"` (feature `heap`) |
//! | `rt`, `arch` | start-up, panic handler, the assembly |
//!
//! This crate is where a task's `unsafe` lives; tasks themselves need none. On the
//! host it compiles with system calls that panic, so that `cargo check`, editors
//! and unit tests of tasks work.
#![no_std]

#[cfg(not(target_os = "none"))]
extern crate std;

pub use abi;

mod arch;
mod boot_info;
#[cfg(feature = "heap")]
pub mod heap;
pub mod kernel;
pub mod log;
#[cfg(any(target_os = "none", test))]
mod panic_message;
mod rt;
pub mod sys;
pub mod time;
mod types;

pub use boot_info::{boot_info, boot_record, script};
pub use rt::{generation, index};
pub use sys::{Lease, Message, Mode, Received};
pub use time::{Ticks, wait};
pub use types::{
    Bits, Caller, Counter, Device, LogConfig, LogRing, Port, PortGrant, PostGrant, RestartPolicy,
    RestartRule, Timer,
};

/// A message: eight words; unused bytes are zero.
pub type Words = [u64; abi::limits::MESSAGE_WORDS];

/// Sets notification bits of another task. If that task has been restarted since
/// the last post, its new self is told. Returns whether the bits were set; they
/// are not if this task has no credits left, and if there are none: an optional post
/// that the application does not grant.
pub fn post(grant: PostGrant) -> bool {
    if grant.bits.is_empty() {
        return false;
    }
    let status = sys::post(grant.number, grant.bits);
    let status = match status {
        abi::syscall::DEAD => sys::post(grant.number, grant.bits),
        other => other,
    };
    status == abi::syscall::OK
}

/// Declares the module that the build script wrote for this task (ports,
/// notifications, timers, …) and brings its modules into scope. Once per task.
///
/// A binary with metadata of its own, of a crate that has several, gives its name:
/// `userlib::task!("logger")`.
#[macro_export]
macro_rules! task {
    ($bin:literal) => {
        $crate::task!(@file concat!("/task-", $bin, ".rs"));
    };
    () => {
        $crate::task!(@file "/task.rs");
    };
    (@file $file:expr) => {
        #[allow(
            dead_code,
            missing_docs,
            unused_imports,
            unsafe_code,
            clippy::all,
            reason = "written for every task alike; no task uses all of it"
        )]
        mod generated {
            include!(concat!(env!("OUT_DIR"), $file));
        }
        #[allow(unused_imports, reason = "as above")]
        use generated::*;
    };
}

/// Makes the heap that app.toml gives this task the one of `alloc`, which it declares, too.
/// Once per task, after [`task!`]; needs the feature `heap` of this crate.
#[cfg(feature = "heap")]
#[macro_export]
macro_rules! heap {
    () => {
        extern crate alloc;
        // Programs of the host (checks, tests) have an allocator already.
        #[cfg_attr(target_os = "none", global_allocator)]
        static HEAP: $crate::heap::Heap = $crate::heap::Heap::new(generated::heap::MEMORY);
    };
}

/// Puts a text into the task's program under a name by which the host finds it, as bytes
/// that code may read as well.
#[macro_export]
macro_rules! note {
    ($name:ident = $text:expr) => {
        #[allow(unsafe_code, reason = "the host finds the text by this name")]
        #[unsafe(no_mangle)]
        static $name: [u8; $text.len()] = {
            let text: &str = $text;
            let mut bytes = [0; $text.len()];
            bytes.copy_from_slice(text.as_bytes());
            bytes
        };
    };
}

/// Makes a `fn main() -> !` the task's first function.
#[macro_export]
macro_rules! entry {
    ($main:path) => {
        #[allow(unsafe_code, reason = "the runtime finds the task by this name")]
        #[unsafe(no_mangle)]
        extern "C" fn task_main() -> ! {
            let main: fn() -> ! = $main;
            main()
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_post_that_was_not_granted_is_none_at_all() {
        // On the host, a system call would panic.
        assert!(!post(PostGrant { number: 0, bits: Bits::NONE }));
    }

    #[test]
    fn bits_are_a_set() {
        let both = Bits(1) | Bits(4);
        assert!(both.contains(Bits(4)) && both.contains(Bits::NONE));
        assert!(!both.contains(Bits(6)) && both.intersects(Bits(6)));
        assert_eq!(both & !Bits(1), Bits(4));
        assert!(Bits::NONE.is_empty());
    }

    #[test]
    fn a_caller_survives_the_way_through_its_handle() {
        let caller = Caller { index: 63, generation: u32::MAX };
        assert_eq!(Caller::from_handle(caller.handle()), caller);
    }
}

//! A client and a server in one process, without a kernel: for tests on the host.
//!
//! [`join`] makes every call of this thread go to a function, which may hand it to
//! a generated `dispatch`, look at it, or answer as the kernel would. Leases work,
//! with the kernel's checks; a server that misuses one, and a client that is
//! stopped, end in a panic that says so.
//!
//! ```
//! use idol_runtime::host::{self, End};
//! let (result, calls) = host::join(
//!     |message| { assert_eq!(message.operation, 1); End::Status(abi::syscall::DEAD) },
//!     || 42,
//! );
//! assert_eq!((result, calls), (42, 0));
//! ```

use crate::{Answer, Caller, Message, Port, Words};
use abi::syscall::{self, LeaseDesc};
use core::cell::RefCell;
use std::boxed::Box;
use std::vec::Vec;
use userlib::Lease;
use userlib::sys::{CallReturn, Defect, LeaseInfo};

/// How a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With the server's answer.
    Answer(Answer),
    /// With a status of the kernel, such as [`syscall::DEAD`].
    Status(u64),
}

impl From<Answer> for End {
    fn from(answer: Answer) -> Self {
        End::Answer(answer)
    }
}

type Server<'a> = Box<dyn FnMut(&Message) -> End + 'a>;

#[derive(Default)]
struct State {
    /// Set while a client and a server are joined and no call is under way.
    server: Option<Server<'static>>,
    /// Leases of the call under way.
    leases: Vec<LeaseDesc>,
    /// How many more uses of a lease find the caller there; `None` for all.
    patience: Option<u32>,
    calls: u32,
}

std::thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

/// The caller of every message here: task 3 in its seventh life.
pub const CALLER: Caller = Caller { index: 3, generation: 7 };

/// Runs `client` with all its calls going to `server`. Returns what it returned,
/// and how many calls it made.
///
/// # Panics
/// As `client` does; and if the client is stopped by the server
/// (`fault: Reason`), or there is a `join` within a `join`.
pub fn join<T>(
    server: impl FnMut(&Message) -> End + 'static,
    client: impl FnOnce() -> T,
) -> (T, u32) {
    struct Part;
    impl Drop for Part {
        fn drop(&mut self) {
            STATE.with_borrow_mut(|state| *state = State::default());
        }
    }
    STATE.with_borrow_mut(|state| {
        assert!(state.server.is_none(), "already joined");
        state.server = Some(Box::new(server));
        state.calls = 0;
    });
    let part = Part;
    let result = client();
    let calls = STATE.with_borrow(|state| state.calls);
    drop(part);
    (result, calls)
}

/// Rights and lengths of the leases of the call under way.
#[must_use]
pub fn leases() -> Vec<(u32, usize)> {
    STATE.with_borrow(|state| {
        state.leases.iter().map(|lease| (lease.rights, lease.length as usize)).collect()
    })
}

/// Runs a server on a message that no client sent, with leases of any rights and
/// length. The caller disappears after `patience` uses of a lease, if that is given.
pub fn deliver<T>(
    leases: &mut [(u32, &mut [u8])],
    patience: Option<u32>,
    server: impl FnOnce() -> T,
) -> T {
    struct Part;
    impl Drop for Part {
        fn drop(&mut self) {
            STATE.with_borrow_mut(|state| {
                state.leases.clear();
                state.patience = None;
            });
        }
    }
    STATE.with_borrow_mut(|state| {
        let lent = leases.iter_mut().map(|(rights, bytes)| LeaseDesc {
            rights: *rights,
            ..Lease::read_write(bytes).descriptor()
        });
        state.leases = lent.collect();
        state.patience = patience;
    });
    let _part = Part;
    server()
}

/// Stands in for the system call of this name.
pub(crate) fn call(port: Port, header: u64, words: &Words, leases: &[Lease<'_>]) -> CallReturn {
    let server = STATE.with_borrow_mut(|state| {
        state.calls += 1;
        state.leases = leases.iter().map(Lease::descriptor).collect();
        state.server.take()
    });
    let Some(mut server) = server else {
        return userlib::sys::call(port, header, words, leases);
    };
    assert_eq!(usize::from(syscall::header_leases(header)), leases.len(), "leases in the header");
    let message = Message {
        caller: CALLER,
        badge: u64::from(CALLER.index) + 1,
        operation: syscall::header_operation(header),
        length: usize::from(syscall::header_length(header)),
        leases: leases.len(),
        words: *words,
    };
    let end = server(&message);
    STATE.with_borrow_mut(|state| {
        state.leases.clear();
        state.server = Some(server);
    });
    match end {
        End::Answer(Answer::Reply { code, length, words }) => {
            assert_eq!(code & syscall::KERNEL_STATUS, 0, "BadReply: code {code:#x}");
            CallReturn { status: code, length, words }
        }
        End::Answer(Answer::Fault(reason)) => panic!("fault: {reason:?}"),
        End::Answer(Answer::Nothing) => {
            CallReturn { status: syscall::DEAD, length: 0, words: [0; 8] }
        }
        End::Status(status) => CallReturn { status, length: 0, words: [0; 8] },
    }
}

/// The lease, if the caller still waits.
fn lease(caller: Caller, index: usize) -> Result<LeaseDesc, Defect> {
    if caller != CALLER {
        return Err(Defect);
    }
    STATE.with_borrow_mut(|state| {
        if let Some(patience) = &mut state.patience {
            *patience = patience.checked_sub(1).ok_or(Defect)?;
        }
        assert!(index < state.leases.len(), "BadLease: {index} of {}", state.leases.len());
        Ok(state.leases[index])
    })
}

/// Stands in for the system call of this name.
pub(crate) fn lease_info(caller: Caller, index: usize) -> Result<LeaseInfo, Defect> {
    let lease = lease(caller, index)?;
    Ok(LeaseInfo { rights: lease.rights, length: lease.length as usize })
}

/// Where a copy of at most `wanted` bytes goes, and how long it is.
fn place(
    lease: LeaseDesc,
    right: u32,
    offset: usize,
    wanted: usize,
) -> (core::num::NonZeroUsize, usize) {
    assert!(lease.rights & right != 0, "BadLeaseRight: {right} of {}", lease.rights);
    assert!(offset <= lease.length as usize, "BadLeaseOffset: {offset} of {}", lease.length);
    let start = core::num::NonZeroUsize::new(lease.address as usize + offset);
    (start.expect("a lease at address 0"), wanted.min(lease.length as usize - offset))
}

/// Stands in for the system call of this name.
pub(crate) fn lease_read(
    caller: Caller,
    index: usize,
    offset: usize,
    into: &mut [u8],
) -> Result<usize, Defect> {
    let (start, length) = place(lease(caller, index)?, syscall::LEASE_R, offset, into.len());
    let start = core::ptr::with_exposed_provenance::<u8>(start.get());
    #[allow(unsafe_code, reason = "plays the kernel, which copies by address")]
    // SAFETY: `start .. start + length` lies in memory that the caller lent for
    // reading; it is in `call` now, so its borrow is alive. `into` is another
    // function's exclusive borrow, and so cannot overlap it.
    unsafe {
        core::ptr::copy_nonoverlapping(start, into.as_mut_ptr(), length);
    }
    Ok(length)
}

/// Stands in for the system call of this name.
pub(crate) fn lease_write(
    caller: Caller,
    index: usize,
    offset: usize,
    from: &[u8],
) -> Result<usize, Defect> {
    let (start, length) = place(lease(caller, index)?, syscall::LEASE_W, offset, from.len());
    let start = core::ptr::with_exposed_provenance_mut::<u8>(start.get());
    #[allow(unsafe_code, reason = "plays the kernel, which copies by address")]
    // SAFETY: `start .. start + length` lies in memory that the caller lent for
    // writing, exclusively; it is in `call` now, so its borrow is alive, and `from`
    // cannot overlap it.
    unsafe {
        core::ptr::copy_nonoverlapping(from.as_ptr(), start, length);
    }
    Ok(length)
}

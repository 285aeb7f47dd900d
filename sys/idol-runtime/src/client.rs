//! The client's side of a call: transport, repetition, and what came of it.
//!
//! | status | idempotent operation | other |
//! | --- | --- | --- |
//! | 0 | the value | the value |
//! | 1 … 2³²−1 | the error with that code | likewise |
//! | `DEAD` | once more, at most [`ATTEMPTS`] times in all, then [`ServerDeath::Restarted`] | [`ServerDeath::Restarted`] |
//! | `TIMEOUT` | [`ServerDeath::TimedOut`] | likewise |
//! | anything else | the client panics | likewise |
//!
//! Attempts are bounded because a request may itself be what kills the server: one
//! client must not be able to keep a server dying for ever. A timeout is never
//! repeated: it is the client's own deadline.
//!
//! An operation whose reply is a bare value cannot report a death. After the last
//! attempt, or a timeout, its client panics, and the message names the operation.
//! Give no timeout to a port that permits such an operation.
//!
//! An answer that is not of the interface (wrong length, no value of its type, an
//! unknown error code) means that the server's memory is no longer to be trusted.
//! There is no value to go on with, so the client panics.

use crate::codec::{from_words, to_words};
use crate::error::{OpError, ServerDeath};
use crate::kernel;
use crate::{Operation, Port};
use abi::limits::MAX_LEASES;
use abi::syscall;
use core::marker::PhantomData;
use userlib::Lease;
use zerocopy::TryFromBytes;

/// How often an idempotent operation is tried in all before its server counts as dead.
pub const ATTEMPTS: u32 = 5;

/// What came of a call to operation `O`; one of its methods turns it into what the
/// interface promises.
#[must_use]
#[derive(Debug)]
pub struct Outcome<O> {
    end: End,
    operation: PhantomData<fn() -> O>,
}

#[derive(Clone, Copy, Debug)]
enum End {
    Value,
    Error(u32),
    Death(ServerDeath),
    Malformed,
}

/// Calls operation `O` through `port`, with packed arguments and room for the
/// packed reply, both of exactly the operation's size.
#[inline(always)]
pub fn call<O: Operation, const A: usize, const R: usize, const L: usize>(
    port: Port,
    args: &[u8; A],
    reply: &mut [u8; R],
    leases: [Lease<'_>; L],
) -> Outcome<O> {
    let () = O::CHECK;
    let end = if O::REGISTERS {
        let (end, words) = attempt::<O>(port, &to_words(args), &leases);
        *reply = from_words(&words);
        end
    } else {
        // Declared leases, then the arguments, then the reply; none of zero bytes.
        let mut table: [Lease<'_>; MAX_LEASES] = core::array::from_fn(|_| Lease::read(&[]));
        let hidden_args = O::ARGS_LENT.then(|| Lease::read(args));
        let hidden_reply = O::REPLY_LENT.then(|| Lease::write(reply));
        let all = leases.into_iter().chain(hidden_args).chain(hidden_reply);
        for (slot, lease) in table.iter_mut().zip(all) {
            *slot = lease;
        }
        attempt::<O>(port, &[0; 8], table.get(..O::ALL_LEASES).unwrap_or(&[])).0
    };
    Outcome { end, operation: PhantomData }
}

/// Calls until there is an answer or no more hope of one.
#[inline(always)]
fn attempt<O: Operation>(
    port: Port,
    words: &userlib::Words,
    leases: &[Lease<'_>],
) -> (End, userlib::Words) {
    let header = syscall::header(O::NUMBER, O::MESSAGE as u16, O::ALL_LEASES as u8);
    let mut left = if O::IDEMPOTENT { ATTEMPTS } else { 1 };
    loop {
        let returned = kernel::call(port, header, words, leases);
        let end = match returned.status {
            syscall::OK if returned.length == O::ANSWER => End::Value,
            syscall::OK => End::Malformed,
            syscall::DEAD if left > 1 => {
                left -= 1;
                continue;
            }
            syscall::DEAD => End::Death(ServerDeath::Restarted),
            syscall::TIMEOUT => End::Death(ServerDeath::TimedOut),
            code => u32::try_from(code).map_or(End::Malformed, End::Error),
        };
        return (end, returned.words);
    }
}

impl<O: Operation> Outcome<O> {
    /// The value of an operation that cannot fail.
    #[inline(always)]
    pub fn value<T: TryFromBytes>(self, reply: &[u8]) -> T {
        match self.end {
            End::Value => decode::<O, T>(reply),
            End::Death(death) => died(O::LABEL, death),
            End::Error(_) | End::Malformed => malformed(O::LABEL),
        }
    }

    /// The value of an operation that cannot fail but whose server can die.
    ///
    /// # Errors
    /// The server's death.
    #[inline(always)]
    pub fn value_or_death<T: TryFromBytes>(self, reply: &[u8]) -> Result<T, ServerDeath> {
        match self.end {
            End::Value => Ok(decode::<O, T>(reply)),
            End::Death(death) => Err(death),
            End::Error(_) | End::Malformed => malformed(O::LABEL),
        }
    }

    /// The value or error of an operation.
    ///
    /// # Errors
    /// The server's, or the server's death in terms of `E`.
    #[inline(always)]
    pub fn result<T: TryFromBytes, E: OpError>(self, reply: &[u8]) -> Result<T, E> {
        match self.end {
            End::Value => Ok(decode::<O, T>(reply)),
            End::Error(code) => match E::from_code(code) {
                Some(error) => Err(error),
                None => malformed(O::LABEL),
            },
            End::Death(death) => Err(E::from(death)),
            End::Malformed => malformed(O::LABEL),
        }
    }
}

#[inline(always)]
fn decode<O: Operation, T: TryFromBytes>(reply: &[u8]) -> T {
    match T::try_read_from_bytes(reply) {
        Ok(value) => value,
        Err(_) => malformed(O::LABEL),
    }
}

/// Refuses to lend more elements than the interface allows.
///
/// # Panics
/// If `length` exceeds `max`; the server would stop this task for it.
#[inline(always)]
pub fn check_length<O: Operation>(lease: &str, length: usize, max: usize) {
    if length > max {
        too_long(O::LABEL, lease, length, max);
    }
}

#[cold]
fn too_long(label: &str, lease: &str, length: usize, max: usize) -> ! {
    panic!("{label}: lease {lease} has {length} elements, at most {max} are allowed")
}

#[cold]
fn malformed(label: &str) -> ! {
    panic!("{label}: the answer is not of this interface")
}

#[cold]
fn died(label: &str, death: ServerDeath) -> ! {
    match death {
        ServerDeath::Restarted => {
            panic!("{label}: the server died {ATTEMPTS} times, and the reply cannot say so")
        }
        ServerDeath::TimedOut => {
            panic!("{label}: the port's timeout passed, and the reply cannot say so")
        }
    }
}

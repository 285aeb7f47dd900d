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
use crate::counters::Column;
use crate::encoding::{Encoding, Receives};
use crate::error::{COMPLEX, OpError, ServerDeath};
use crate::kernel;
use crate::{Operation, Port};
use abi::limits::MAX_LEASES;
use abi::syscall;
use core::marker::PhantomData;
use userlib::Lease;
use userlib::sys::CallReturn;

/// How often an idempotent operation is tried in all before its server counts as dead.
pub const ATTEMPTS: u32 = 5;

/// What came of a call to operation `O`; one of its methods turns it into what the
/// interface promises.
#[must_use]
#[derive(Debug)]
pub struct Outcome<O> {
    end: End,
    /// Bytes of the reply.
    length: usize,
    operation: PhantomData<fn() -> O>,
}

#[derive(Clone, Copy, Debug)]
enum End {
    Value,
    Error(u32),
    Death(ServerDeath),
    Malformed,
}

/// Calls operation `O` through `port`, with encoded arguments and room for the
/// encoded reply, both of exactly the operation's size.
#[inline(always)]
pub fn call<O: Operation, const A: usize, const R: usize, const L: usize>(
    port: Port,
    args: &[u8; A],
    reply: &mut [u8; R],
    leases: [Lease<'_>; L],
) -> Outcome<O> {
    call_with(port, args, A, reply, leases)
}

/// Calls operation `O` through `port`, with the first `length` bytes of `args` and
/// room for the longest reply.
#[inline(always)]
pub fn call_with<O: Operation, const A: usize, const R: usize, const L: usize>(
    port: Port,
    args: &[u8; A],
    length: usize,
    reply: &mut [u8; R],
    leases: [Lease<'_>; L],
) -> Outcome<O> {
    let () = O::CHECK;
    let (end, length) = if O::REGISTERS {
        let (end, length, words) = attempt::<O>(port, &to_words(args), length, &leases);
        *reply = from_words(&words);
        (end, length)
    } else {
        // Declared leases, then the arguments, then the reply; none of zero bytes.
        let mut table: [Lease<'_>; MAX_LEASES] = core::array::from_fn(|_| Lease::read(&[]));
        let args = args.get(..length).unwrap_or(args);
        let hidden_args = O::ARGS_LENT.then(|| Lease::read(args));
        let hidden_reply = O::REPLY_LENT.then(|| Lease::write(reply));
        let all = leases.into_iter().chain(hidden_args).chain(hidden_reply);
        for (slot, lease) in table.iter_mut().zip(all) {
            *slot = lease;
        }
        let leases = table.get(..O::ALL_LEASES).unwrap_or(&[]);
        let (end, length, _) = attempt::<O>(port, &[0; 8], 0, leases);
        (end, length)
    };
    Outcome { end, length, operation: PhantomData }
}

/// Calls until there is an answer or no more hope of one: what came of it, the length
/// of the reply, and the words.
#[inline(always)]
fn attempt<O: Operation>(
    port: Port,
    words: &userlib::Words,
    length: usize,
    leases: &[Lease<'_>],
) -> (End, usize, userlib::Words) {
    let header = syscall::header(O::NUMBER, length as u16, O::ALL_LEASES as u8);
    let mut left = if O::IDEMPOTENT { ATTEMPTS } else { 1 };
    loop {
        let returned = kernel::call(port, header, words, leases);
        let length = reply_length::<O>(&returned);
        let end = match returned.status {
            syscall::OK if length.is_some() => End::Value,
            syscall::OK => End::Malformed,
            syscall::DEAD if left > 1 => {
                left -= 1;
                count::<O>(Column::Lost);
                continue;
            }
            syscall::DEAD => End::Death(ServerDeath::Restarted),
            syscall::TIMEOUT => End::Death(ServerDeath::TimedOut),
            code => u32::try_from(code).map_or(End::Malformed, End::Error),
        };
        count::<O>(match end {
            End::Value => Column::Ok,
            End::Error(_) | End::Malformed => Column::Err,
            End::Death(_) => Column::Lost,
        });
        return (end, length.unwrap_or(0), returned.words);
    }
}

#[inline(always)]
fn count<O: Operation>(column: Column) {
    if let Some(counts) = O::counts() {
        counts.add(column);
    }
}

/// How many bytes the encoded reply has, if that is a length of the operation's.
#[inline(always)]
fn reply_length<O: Operation>(returned: &CallReturn) -> Option<usize> {
    if O::Encoding::EXACT {
        return (returned.length == O::ANSWER).then_some(O::REPLY);
    }
    if !O::REPLY_LENT {
        return (returned.length <= O::ANSWER).then_some(returned.length);
    }
    let [length, ..] = returned.words;
    let length = usize::try_from(length).ok()?;
    (returned.length == O::ANSWER && length <= O::REPLY).then_some(length)
}

impl<O: Operation> Outcome<O> {
    /// The value of an operation that cannot fail.
    #[inline(always)]
    pub fn value<T>(self, reply: &[u8]) -> T
    where
        O::Encoding: Receives<T>,
    {
        self.value_as(reply, Some::<T>)
    }

    /// The same for a reply that is received as a `W` and then converted.
    #[inline(always)]
    pub fn value_as<W, T>(self, reply: &[u8], convert: impl FnOnce(W) -> Option<T>) -> T
    where
        O::Encoding: Receives<W>,
    {
        match self.end {
            End::Value => self.decode(reply, convert),
            End::Death(death) => died(O::LABEL, death),
            End::Error(_) | End::Malformed => malformed(O::LABEL),
        }
    }

    /// The value of an operation that cannot fail but whose server can die.
    ///
    /// # Errors
    /// The server's death.
    #[inline(always)]
    pub fn value_or_death<T>(self, reply: &[u8]) -> Result<T, ServerDeath>
    where
        O::Encoding: Receives<T>,
    {
        self.value_or_death_as(reply, Some::<T>)
    }

    /// The same for a reply that is received as a `W` and then converted.
    ///
    /// # Errors
    /// The server's death.
    #[inline(always)]
    pub fn value_or_death_as<W, T>(
        self,
        reply: &[u8],
        convert: impl FnOnce(W) -> Option<T>,
    ) -> Result<T, ServerDeath>
    where
        O::Encoding: Receives<W>,
    {
        match self.end {
            End::Value => Ok(self.decode(reply, convert)),
            End::Death(death) => Err(death),
            End::Error(_) | End::Malformed => malformed(O::LABEL),
        }
    }

    /// The value or error of an operation.
    ///
    /// # Errors
    /// The server's, or the server's death in terms of `E`.
    #[inline(always)]
    pub fn result<T, E: OpError>(self, reply: &[u8]) -> Result<T, E>
    where
        O::Encoding: Receives<T>,
    {
        self.result_as(reply, Some::<T>)
    }

    /// The same for a reply that is received as a `W` and then converted.
    ///
    /// # Errors
    /// The server's, or the server's death in terms of `E`.
    #[inline(always)]
    pub fn result_as<W, T, E: OpError>(
        self,
        reply: &[u8],
        convert: impl FnOnce(W) -> Option<T>,
    ) -> Result<T, E>
    where
        O::Encoding: Receives<W>,
    {
        match self.end {
            End::Value => Ok(self.decode(reply, convert)),
            End::Error(code) => match E::from_code(code) {
                Some(error) => Err(error),
                None => malformed(O::LABEL),
            },
            End::Death(death) => Err(E::from(death)),
            End::Malformed => malformed(O::LABEL),
        }
    }

    /// The value or error of an operation whose errors carry a payload.
    ///
    /// # Errors
    /// The server's, or the server's death in terms of `E`.
    #[inline(always)]
    pub fn complex<T, E: From<ServerDeath>>(self, reply: &[u8]) -> Result<T, E>
    where
        O::Encoding: Receives<T> + Receives<E>,
    {
        match self.end {
            End::Value => Ok(self.decode(reply, Some::<T>)),
            End::Error(COMPLEX) => Err(self.decode(reply, Some::<E>)),
            End::Death(death) => Err(E::from(death)),
            End::Error(_) | End::Malformed => malformed(O::LABEL),
        }
    }

    #[inline(always)]
    fn decode<W, T>(&self, reply: &[u8], convert: impl FnOnce(W) -> Option<T>) -> T
    where
        O::Encoding: Receives<W>,
    {
        let bytes = reply.get(..self.length);
        let value = bytes.and_then(<O::Encoding as Receives<W>>::value).and_then(convert);
        match value {
            Some(value) => value,
            None => malformed(O::LABEL),
        }
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

//! The server's side of a call: nothing reaches a method unchecked.
//!
//! A message is held against its operation in this order, and its sender stopped
//! at the first difference:
//!
//! 1. length of the message (`BadMessageSize`); at most the longest if it varies
//! 2. number of leases (`BadLeases`)
//! 3. hidden leases: rights (`BadLeases`) and length (`BadMessageSize`)
//! 4. declared leases: rights, whole elements (`BadLeases`), limit (`LeaseTooLong`)
//! 5. arguments: values of their types (`BadMessageContents`)
//!
//! If the caller disappears meanwhile, nothing is answered. No path here panics.

use crate::codec::from_words;
use crate::encoding::{Encoding, Sends};
use crate::error::{COMPLEX, LeaseError, OpError, Refusal, RequestError};
use crate::kernel;
use crate::leased::{self, Access, Leased, R, W};
use crate::wire::Decoder;
use crate::{Bits, Caller, Message, Operation, Reason, Received, Words};
use abi::limits::MESSAGE_BYTES;
use core::marker::PhantomData;

/// What to answer a caller.
#[must_use = "a caller waits for this"]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Reply.
    Reply {
        /// 0, or the code of an error.
        code: u64,
        /// Bytes in `words`, 0–64.
        length: usize,
        /// The bytes; unused ones are zero.
        words: Words,
    },
    /// Stop the caller.
    Fault(Reason),
    /// The caller is gone.
    Nothing,
}

impl Answer {
    /// A reply that reports an error. A type that gives the code 0, which means
    /// success, gets a code that no client knows.
    #[inline(always)]
    fn error(code: u32) -> Self {
        let code = if code == 0 { u32::MAX } else { code };
        Answer::Reply { code: u64::from(code), length: 0, words: [0; 8] }
    }

    /// The answer to a request that may have been refused.
    #[inline(always)]
    pub fn from_result(result: Result<Answer, Refusal>) -> Self {
        match result {
            Ok(answer) => answer,
            Err(RequestError::Fault(reason)) => Answer::Fault(reason),
            Err(RequestError::Gone) => Answer::Nothing,
            Err(RequestError::Error(never)) => match never {},
        }
    }

    /// Answers.
    #[inline(always)]
    pub fn send(self, caller: Caller) {
        match self {
            Answer::Reply { code, length, words } => kernel::reply(caller, code, length, &words),
            Answer::Fault(reason) => kernel::reply_fault(caller, reason),
            Answer::Nothing => {}
        }
    }

    /// Answers and waits for the next call, or a notification out of `mask`; one
    /// system call for a reply.
    #[inline(always)]
    pub fn send_and_receive(self, caller: Caller, mask: Bits) -> Received {
        match self {
            Answer::Reply { code, length, words } => {
                kernel::reply_recv(caller, code, length, &words, mask)
            }
            other => {
                other.send(caller);
                kernel::recv(mask)
            }
        }
    }
}

/// Answers calls and hands on notifications, for ever.
#[inline(always)]
pub fn serve<S: ?Sized>(
    server: &mut S,
    mask: impl Fn(&S) -> Bits,
    notified: impl Fn(&mut S, Bits),
    dispatch: impl Fn(&mut S, &Message) -> Answer,
) -> ! {
    let mut received = kernel::recv(mask(server));
    loop {
        received = match received {
            Received::Call(message) => {
                let answer = dispatch(server, &message);
                answer.send_and_receive(message.caller, mask(server))
            }
            Received::Notified(bits) => {
                notified(server, bits);
                kernel::recv(mask(server))
            }
            Received::TimedOut => kernel::recv(mask(server)),
        };
    }
}

/// A message whose shape is that of operation `O`. If the length of its reply varies,
/// `REPLY` is the operation's longest.
#[derive(Debug)]
pub struct Request<'m, O, const REPLY: usize = 0> {
    message: &'m Message,
    /// Bytes of the encoded arguments.
    length: usize,
    operation: PhantomData<fn() -> O>,
}

impl<'m, O: Operation, const REPLY: usize> Request<'m, O, REPLY> {
    /// Checks length, number of leases, and the hidden leases.
    ///
    /// # Errors
    /// What to do with the caller, if they are not the operation's.
    #[inline(always)]
    pub fn open(message: &'m Message) -> Result<Self, Refusal> {
        let () = O::CHECK;
        if !Self::fits(message.length, O::MESSAGE) {
            return Err(Refusal::Fault(Reason::BadMessageSize));
        }
        if message.leases != O::ALL_LEASES {
            return Err(Refusal::Fault(Reason::BadLeases));
        }
        let mut request = Request { message, length: message.length, operation: PhantomData };
        if O::ARGS_LENT {
            request.length = request.lease_length::<R>(O::LEASES)?;
        }
        if O::ARGS_LENT && !Self::fits(request.length, O::ARGS)
            || O::REPLY_LENT && request.lease_length::<W>(O::REPLY_INDEX)? != O::REPLY
        {
            return Err(Refusal::Fault(Reason::BadMessageSize));
        }
        Ok(request)
    }

    /// Whether an encoded value may have this length.
    #[inline(always)]
    const fn fits(length: usize, most: usize) -> bool {
        if O::Encoding::EXACT { length == most } else { length <= most }
    }

    /// Length in bytes of a lease with exactly the rights `A`.
    #[inline(always)]
    fn lease_length<A: Access>(&self, index: usize) -> Result<usize, Refusal> {
        let info = kernel::lease_info(self.message.caller, index).map_err(LeaseError::from)?;
        if info.rights != A::RIGHTS {
            return Err(Refusal::Fault(Reason::BadLeases));
        }
        Ok(info.length)
    }

    /// A declared lease of one value.
    ///
    /// # Errors
    /// What to do with the caller, if rights or size are not the operation's.
    #[inline(always)]
    pub fn lease_value<A: Access, T>(&self, index: usize) -> Result<Leased<'m, A, T>, Refusal> {
        if self.lease_length::<A>(index)? != size_of::<T>() {
            return Err(Refusal::Fault(Reason::BadLeases));
        }
        Ok(Leased::new(self.message.caller, index, 1))
    }

    /// A declared lease of a slice, with at most `max` elements.
    ///
    /// # Errors
    /// What to do with the caller, if rights or size are not the operation's.
    #[inline(always)]
    pub fn lease_slice<A: Access, T>(
        &self,
        index: usize,
        max: Option<u32>,
    ) -> Result<Leased<'m, A, [T]>, Refusal> {
        let length = self.lease_length::<A>(index)?;
        let size = size_of::<T>();
        if length.checked_rem(size) != Some(0) {
            return Err(Refusal::Fault(Reason::BadLeases));
        }
        let count = length.checked_div(size).unwrap_or(0);
        if max.is_some_and(|max| count > max as usize) {
            return Err(Refusal::Fault(Reason::LeaseTooLong));
        }
        Ok(Leased::new(self.message.caller, index, count))
    }

    /// The encoded arguments; `N` is their size, or the longest.
    ///
    /// # Errors
    /// If the caller is gone.
    #[inline(always)]
    pub fn args<const N: usize>(&self) -> Result<[u8; N], Refusal> {
        if O::REGISTERS {
            return Ok(from_words(&self.message.words));
        }
        let mut bytes = [0; N];
        if let Some(bytes) = bytes.get_mut(..self.length) {
            leased::read_bytes(self.message.caller, O::LEASES, 0, bytes)?;
        }
        Ok(bytes)
    }

    /// A decoder of the arguments, as far as they were sent.
    #[inline(always)]
    #[must_use]
    pub fn decoder<'a>(&self, args: &'a [u8]) -> Decoder<'a> {
        Decoder::new(args.get(..self.length).unwrap_or(&[]))
    }

    /// Answers with a value.
    ///
    /// # Errors
    /// If the caller is gone.
    #[inline(always)]
    pub fn reply<T>(&self, value: &T) -> Result<Answer, Refusal>
    where
        O::Encoding: Sends<T>,
    {
        self.answer(0, value)
    }

    #[inline(always)]
    fn answer<T>(&self, code: u32, value: &T) -> Result<Answer, Refusal>
    where
        O::Encoding: Sends<T>,
    {
        let code = u64::from(code);
        if O::REPLY_LENT {
            let mut buffer = [0; REPLY];
            let bytes = <O::Encoding as Sends<T>>::bytes(value, &mut buffer);
            leased::write_bytes(self.message.caller, O::REPLY_INDEX, 0, bytes)?;
            let length = if O::Encoding::EXACT { 0 } else { bytes.len() as u64 };
            let words = [length, 0, 0, 0, 0, 0, 0, 0];
            return Ok(Answer::Reply { code, length: O::ANSWER, words });
        }
        if !O::REGISTERS {
            return Ok(Answer::Reply { code, length: 0, words: [0; 8] });
        }
        let mut image = [0; MESSAGE_BYTES];
        let length = <O::Encoding as Sends<T>>::put(value, &mut image);
        Ok(Answer::Reply { code, length, words: zerocopy::transmute!(image) })
    }

    /// Answers with a value or an error.
    ///
    /// # Errors
    /// If the caller is gone.
    #[inline(always)]
    pub fn reply_result<T, E: OpError>(&self, result: Result<T, E>) -> Result<Answer, Refusal>
    where
        O::Encoding: Sends<T>,
    {
        match result {
            Ok(value) => self.reply(&value),
            Err(error) => Ok(Answer::error(error.code())),
        }
    }

    /// Answers with a value, unless the method refused.
    ///
    /// # Errors
    /// The method's refusal, or that the caller is gone.
    #[inline(always)]
    pub fn reply_or_refuse<T>(&self, result: Result<T, Refusal>) -> Result<Answer, Refusal>
    where
        O::Encoding: Sends<T>,
    {
        result.and_then(|value| self.reply(&value))
    }

    /// Answers with a value or an error, unless the method refused.
    ///
    /// # Errors
    /// The method's refusal, or that the caller is gone.
    #[inline(always)]
    pub fn reply_or_fail<T, E: OpError>(
        &self,
        result: Result<T, RequestError<E>>,
    ) -> Result<Answer, Refusal>
    where
        O::Encoding: Sends<T>,
    {
        match result {
            Ok(value) => self.reply(&value),
            Err(RequestError::Error(error)) => Ok(Answer::error(error.code())),
            Err(RequestError::Fault(reason)) => Err(RequestError::Fault(reason)),
            Err(RequestError::Gone) => Err(RequestError::Gone),
        }
    }

    /// Answers with a value or an error with a payload.
    ///
    /// # Errors
    /// If the caller is gone.
    #[inline(always)]
    pub fn reply_complex<T, E>(&self, result: Result<T, E>) -> Result<Answer, Refusal>
    where
        O::Encoding: Sends<T> + Sends<E>,
    {
        match result {
            Ok(value) => self.reply(&value),
            Err(error) => self.answer(COMPLEX, &error),
        }
    }

    /// Answers with a value or an error with a payload, unless the method refused.
    ///
    /// # Errors
    /// The method's refusal, or that the caller is gone.
    #[inline(always)]
    pub fn reply_or_complex<T, E>(
        &self,
        result: Result<T, RequestError<E>>,
    ) -> Result<Answer, Refusal>
    where
        O::Encoding: Sends<T> + Sends<E>,
    {
        match result {
            Ok(value) => self.reply(&value),
            Err(RequestError::Error(error)) => self.answer(COMPLEX, &error),
            Err(RequestError::Fault(reason)) => Err(RequestError::Fault(reason)),
            Err(RequestError::Gone) => Err(RequestError::Gone),
        }
    }
}

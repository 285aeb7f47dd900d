//! What a server holds of a client's memory.
//!
//! A lease is looked at through system calls, never through a pointer: the client
//! may be restarted at any moment, and then every use says so ([`LeaseError`]).
//! It lives as long as the message it came with, so that no server keeps one past
//! its reply.

use crate::error::LeaseError;
use crate::kernel;
use crate::{Caller, Message};
use core::marker::PhantomData;
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// Right of a lease: the server may read.
#[derive(Clone, Copy, Debug)]
pub enum R {}
/// Right of a lease: the server may write.
#[derive(Clone, Copy, Debug)]
pub enum W {}
/// Right of a lease: the server may read and write.
#[derive(Clone, Copy, Debug)]
pub enum RW {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::R {}
    impl Sealed for super::W {}
    impl Sealed for super::RW {}
}

/// [`R`], [`W`] or [`RW`].
pub trait Access: sealed::Sealed {
    /// As the kernel writes them: [`abi::syscall::LEASE_R`], [`abi::syscall::LEASE_W`].
    const RIGHTS: u32;
}

impl Access for R {
    const RIGHTS: u32 = abi::syscall::LEASE_R;
}
impl Access for W {
    const RIGHTS: u32 = abi::syscall::LEASE_W;
}
impl Access for RW {
    const RIGHTS: u32 = abi::syscall::LEASE_R | abi::syscall::LEASE_W;
}

/// [`R`] or [`RW`].
pub trait Readable: Access {}
impl Readable for R {}
impl Readable for RW {}

/// [`W`] or [`RW`].
pub trait Writable: Access {}
impl Writable for W {}
impl Writable for RW {}

/// A value (`T`) or slice (`[T]`) in a caller's memory, to be used with the
/// right `A`. Its size and rights have been checked.
pub struct Leased<'m, A, T: ?Sized> {
    caller: Caller,
    index: usize,
    /// Elements of a slice; 1 for a value.
    count: usize,
    message: PhantomData<&'m Message>,
    access: PhantomData<fn(A)>,
    kind: PhantomData<fn(&T)>,
}

impl<A, T: ?Sized> Leased<'_, A, T> {
    pub(crate) const fn new(caller: Caller, index: usize, count: usize) -> Self {
        Leased {
            caller,
            index,
            count,
            message: PhantomData,
            access: PhantomData,
            kind: PhantomData,
        }
    }
}

impl<A: Readable, T: FromBytes + IntoBytes> Leased<'_, A, T> {
    /// Copies the value from the caller.
    ///
    /// # Errors
    /// If the caller is gone.
    #[inline]
    pub fn read(&self) -> Result<T, LeaseError> {
        let mut value = T::new_zeroed();
        read_bytes(self.caller, self.index, 0, value.as_mut_bytes())?;
        Ok(value)
    }
}

impl<A: Writable, T: IntoBytes + Immutable> Leased<'_, A, T> {
    /// Copies a value to the caller.
    ///
    /// # Errors
    /// If the caller is gone.
    #[inline]
    pub fn write(&self, value: &T) -> Result<(), LeaseError> {
        write_bytes(self.caller, self.index, 0, value.as_bytes())
    }
}

impl<A, T> Leased<'_, A, [T]> {
    /// Number of elements.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there are no elements.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many elements there are from `index` on, but at most `wanted`.
    fn available(&self, index: usize, wanted: usize) -> usize {
        wanted.min(self.count.saturating_sub(index))
    }
}

impl<A: Readable, T: FromBytes + IntoBytes> Leased<'_, A, [T]> {
    /// Copies elements from the caller, from `index` on: as many as there are and
    /// fit. Returns how many.
    ///
    /// # Errors
    /// If the caller is gone; part of `into` may have been overwritten.
    #[inline]
    pub fn read_at(&self, index: usize, into: &mut [T]) -> Result<usize, LeaseError> {
        let count = self.available(index, into.len());
        if let Some(into) = into.get_mut(..count) {
            let offset = index.saturating_mul(size_of::<T>());
            read_bytes(self.caller, self.index, offset, into.as_mut_bytes())?;
        }
        Ok(count)
    }

    /// Copies one element from the caller; `None` past the end.
    ///
    /// # Errors
    /// If the caller is gone.
    #[inline]
    pub fn get(&self, index: usize) -> Result<Option<T>, LeaseError> {
        if index >= self.count {
            return Ok(None);
        }
        let mut value = T::new_zeroed();
        let offset = index.saturating_mul(size_of::<T>());
        read_bytes(self.caller, self.index, offset, value.as_mut_bytes())?;
        Ok(Some(value))
    }
}

impl<A: Writable, T: IntoBytes + Immutable> Leased<'_, A, [T]> {
    /// Copies elements to the caller, from `index` on: as many as there is room
    /// for. Returns how many.
    ///
    /// # Errors
    /// If the caller is gone; part of its memory may have been overwritten.
    #[inline]
    pub fn write_at(&self, index: usize, from: &[T]) -> Result<usize, LeaseError> {
        let count = self.available(index, from.len());
        if let Some(from) = from.get(..count) {
            let offset = index.saturating_mul(size_of::<T>());
            write_bytes(self.caller, self.index, offset, from.as_bytes())?;
        }
        Ok(count)
    }
}

/// Copies all of `into` from a lease, in pieces if need be.
pub(crate) fn read_bytes(
    caller: Caller,
    index: usize,
    offset: usize,
    into: &mut [u8],
) -> Result<(), LeaseError> {
    let length = into.len();
    // Less than asked for means that the lease is not what it was a moment ago.
    if kernel::lease_read(caller, index, offset, into)? == length {
        Ok(())
    } else {
        Err(LeaseError)
    }
}

/// Copies all of `from` into a lease, in pieces if need be.
pub(crate) fn write_bytes(
    caller: Caller,
    index: usize,
    offset: usize,
    from: &[u8],
) -> Result<(), LeaseError> {
    if kernel::lease_write(caller, index, offset, from)? == from.len() {
        Ok(())
    } else {
        Err(LeaseError)
    }
}

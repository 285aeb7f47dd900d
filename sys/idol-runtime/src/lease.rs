//! Lending a client's memory: typed references become leases of bytes.

use userlib::Lease;
use zerocopy::{FromBytes, Immutable, IntoBytes};

/// Lends a value or slice that the server may read.
#[inline(always)]
pub fn read<T: IntoBytes + Immutable + ?Sized>(value: &T) -> Lease<'_> {
    Lease::read(value.as_bytes())
}

/// Lends a value or slice that the server may write. Whatever it writes must be a
/// value of the type, hence `FromBytes`.
#[inline(always)]
pub fn write<T: FromBytes + IntoBytes + ?Sized>(value: &mut T) -> Lease<'_> {
    Lease::write(value.as_mut_bytes())
}

/// Lends a value or slice that the server may read and write.
#[inline(always)]
pub fn read_write<T: FromBytes + IntoBytes + ?Sized>(value: &mut T) -> Lease<'_> {
    Lease::read_write(value.as_mut_bytes())
}

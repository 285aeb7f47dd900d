//! Types of the interface `every`: what user types an interface can carry.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, TryFromBytes};

/// An enumeration: three of 256 values exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, TryFromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(u8)]
pub enum Color {
    /// The smallest.
    Red = 0,
    /// One in between.
    Green = 7,
    /// The largest.
    Blue = 255,
}

/// A structure without padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Pair {
    /// One half.
    pub first: u64,
    /// The other.
    pub second: i64,
}

idol_runtime::error! {
    /// How an operation fails.
    pub enum EveryError {
        /// As told.
        Low = 1,
        /// As told.
        High = 0x7fff_ffff,
        /// No answer will come.
        ServerDied = 9,
    }
    server_death: ServerDied
}

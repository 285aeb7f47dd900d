//! Types of the interface `every`: what user types an interface can carry.

use idol_runtime::{FromPrimitive, IdolError, ServerDeath, Wire};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, TryFromBytes};

/// An enumeration: three of 256 values exist.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    TryFromBytes,
    IntoBytes,
    Immutable,
    KnownLayout,
    FromPrimitive,
)]
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

/// A number from 0 to 1000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoBytes, Immutable)]
#[repr(transparent)]
pub struct Level(u16);

/// The level, if the number is one.
#[must_use]
pub fn level_from_raw(raw: u16) -> Option<Level> {
    (raw <= 1000).then_some(Level(raw))
}

/// Variants of every kind, and of different lengths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Wire)]
pub enum Shape {
    /// One byte.
    Point,
    /// Three.
    Circle(u16),
    /// Ten.
    Rectangle {
        /// Its width.
        width: u8,
        /// Its height.
        height: u64,
    },
}

/// Errors with a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IdolError, Wire)]
pub enum Refused {
    /// This shape.
    Shape(Shape),
    /// No answer will come.
    #[idol(server_death)]
    Dead(ServerDeath),
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

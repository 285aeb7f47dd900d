//! Types that the interfaces written as for Hubris name, and how they are made.

use idol_runtime::{FromPrimitive, IdolError, ServerDeath, Wire};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Length of a digest.
pub const DIGEST_SIZE: usize = 32;
/// Number of seeds.
pub const SEEDS: usize = 3;

/// An enumeration that is received from an integer.
#[derive(Clone, Copy, Debug, PartialEq, IntoBytes, Immutable, FromPrimitive, Wire)]
#[repr(u8)]
pub enum Inlet {
    /// Has discriminant 3, and is variant 0.
    Left = 3,
    /// The highest.
    Right = 255,
}

/// A number of its own type.
#[derive(Clone, Copy, Debug, PartialEq, IntoBytes, Immutable, Wire)]
#[repr(transparent)]
pub struct Line(pub u32);

impl From<u32> for Line {
    fn from(raw: u32) -> Self {
        Line(raw)
    }
}

/// From 0 to 1000.
#[derive(Clone, Copy, Debug, PartialEq, IntoBytes, Immutable)]
#[repr(transparent)]
pub struct Level(pub u16);

/// Not every number is a level.
pub fn level_from_raw(raw: u16) -> Option<Level> {
    (raw <= 1000).then_some(Level(raw))
}

/// Half of a number.
#[derive(Clone, Copy, Debug, PartialEq, IntoBytes, Immutable)]
#[repr(transparent)]
pub struct Half(pub u8);

/// Every number has a half.
pub fn half_from_raw(raw: u8) -> Half {
    Half(raw / 2)
}

/// Errors without a payload.
#[derive(Clone, Copy, Debug, PartialEq, IdolError)]
#[repr(u32)]
pub enum ValveError {
    /// Stuck.
    Stuck = 5,
    /// The highest code.
    Burst = u32::MAX,
    /// The server died.
    #[idol(server_death)]
    Dead = 1,
}

/// Why there is nothing to read.
#[derive(Clone, Copy, Debug, PartialEq, Wire)]
pub enum NoData {
    /// Off.
    Off,
    /// On, and silent.
    Silent,
}

/// An angle, in degrees.
#[derive(Clone, Copy, Debug, PartialEq, Wire)]
pub struct Angle {
    /// Whole degrees.
    pub degrees: i16,
    /// Whether clockwise.
    pub clockwise: bool,
}

/// Every kind of variant.
#[derive(Clone, Copy, Debug, PartialEq, Wire)]
pub enum Shape {
    /// No fields.
    Point,
    /// One.
    Circle(u16),
    /// Named ones.
    Rectangle {
        /// Its width.
        width: u8,
        /// Its height.
        height: u32,
    },
    /// Nested ones.
    Pair((u8, bool), Option<Angle>),
}

/// A type with parameters.
#[derive(Clone, Copy, Debug, PartialEq, Wire)]
pub struct Stamped<T, const N: usize> {
    /// When.
    pub at: u64,
    /// What.
    pub values: [T; N],
}

/// Errors with a payload.
#[derive(Clone, Copy, Debug, PartialEq, IdolError, Wire)]
pub enum SignError {
    /// No payload.
    NoKey,
    /// Another enumeration.
    BadShape(Shape),
    /// The longest.
    Long([u64; 3]),
    /// How the server died.
    #[idol(server_death)]
    Dead(ServerDeath),
}

/// A sample, as the interfaces with imports name it.
#[derive(Clone, Copy, Debug, Default, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Sample {
    /// When.
    pub ticks: u64,
    /// What.
    pub value: f32,
    /// Which.
    pub channel: i32,
}

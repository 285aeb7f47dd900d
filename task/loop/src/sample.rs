//! What travels round the loop: a measurement, the command computed from it, and
//! the sample that is kept of both.
//!
//! ```text
//!   sense ── Measurement ──► control ── Command ──► act ── Sample ──► store ──► console
//! ```
//!
//! Each carries the number and time of the release that began it, so that whoever
//! holds one knows which period it belongs to, whatever was restarted on the way.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A position and when it was due to be measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Measurement {
    /// Number of the release, from 0 at boot.
    pub sequence: u64,
    /// Counter value of the release, in ticks.
    pub release: u64,
    /// Position of the plant.
    pub position: f64,
    /// Releases missed so far, since `sense` was started.
    pub missed: u64,
}

/// A command and the measurement it answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Command {
    /// Number of the release, from 0 at boot.
    pub sequence: u64,
    /// Counter value of the release, in ticks.
    pub release: u64,
    /// Position of the plant at the release.
    pub position: f64,
    /// Set-point that was wanted.
    pub setpoint: f64,
    /// Command u, in units of the position.
    pub command: f64,
}

/// One turn of the loop, as kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct Sample {
    /// Number of the release, from 0 at boot.
    pub sequence: u64,
    /// Counter value of the release, in ticks.
    pub release: u64,
    /// From the release until the plant was driven, in ticks.
    pub delay: u64,
    /// Position of the plant at the release.
    pub position: f64,
    /// Set-point that was wanted.
    pub setpoint: f64,
    /// Command u, in units of the position.
    pub command: f64,
}

impl Sample {
    /// All zero: what an empty place of a ring holds.
    pub const ZERO: Sample =
        Sample { sequence: 0, release: 0, delay: 0, position: 0.0, setpoint: 0.0, command: 0.0 };
}

impl Command {
    /// The sample to keep, `delay` ticks after the release.
    #[must_use]
    pub const fn sample(&self, delay: u64) -> Sample {
        Sample {
            sequence: self.sequence,
            release: self.release,
            delay,
            position: self.position,
            setpoint: self.setpoint,
            command: self.command,
        }
    }
}

/// How `control` is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, FromBytes, IntoBytes, Immutable, KnownLayout)]
#[repr(C)]
pub struct ControlStatus {
    /// Set-point now.
    pub setpoint: f64,
    /// Samples answered since `control` was started.
    pub answered: u64,
    /// Releases missed so far, as `sense` counts them.
    pub missed: u64,
}

/// What `store` holds, and how much of it was read.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
#[repr(C)]
pub struct Block {
    /// Samples written to the lease.
    pub count: u64,
    /// Number of the oldest sample kept; 0 if there is none.
    pub oldest: u64,
    /// Number of the newest sample kept; 0 if there is none.
    pub newest: u64,
    /// Samples ever appended.
    pub appended: u64,
}

//! The demonstration's control loop without the tasks: everything that can be
//! computed, and therefore tested, without a kernel.
//!
//! ```text
//!          r ─────────────┐ set-point
//!                         ▼
//!   ┌─► sense ──y[k]──► control ──u[k]──► act ──► plant ──┐
//!   │   (release k)     u = r + K·(r − y)        x[k+1]   │
//!   └─────────────────────────────────────────────────────┘
//! ```
//!
//! | module | what | used by |
//! | --- | --- | --- |
//! | [`plant`] | the oscillator and its exact sampling | `plant` |
//! | [`response`] | the closed loop's closed form | host tests |
//! | [`law`] | control law, set-point limits, points to report after a step | `control` |
//! | [`schedule`] | release times without drift | `sense` |
//! | [`sample`] | what the tasks send one another | all |
//! | [`history`] | ring of the last samples | `store` |
//!
//! The same code runs on the target and in the host's tests; `libm` is used on
//! both, so that both compute the same bits.
#![no_std]
#![forbid(unsafe_code)]

pub mod history;
pub mod law;
pub mod plant;
pub mod response;
pub mod sample;
pub mod schedule;

pub use response::step_response;

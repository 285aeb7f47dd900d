//! The plant: a simulated oscillator in place of a sensor and an actuator.
//!
//! ```text
//!            one period of the loop
//!   ├───────────────┬──────────────────────────────────┤
//!   sense: read     act: drive(k, u[k])
//!       │               │
//!       ▼ y[k] = x[k]   ▼ x[k+1] = A·x[k] + b·u[k]     x'' + 2ζω·x' + ω²·x = ω²·u
//! ```
//!
//! Time in the plant passes by commands: each holds for exactly one step, however
//! late it comes, so the run of the loop is a matter of arithmetic and not of
//! timing. With the law of `control`, `u = r + K·(r − y)`, the closed loop is
//!
//! ```text
//!   x[k+1] = M·x[k] + b·(1 + K)·r,   M = A − K·b·(1 0),   eigenvalues ρ·e^±jθ
//!   y[k]   = r·(1 − ρᵏ·(cos kθ + (m₁₁ − m₂₂)/(2ρ sin θ)·sin kθ))
//! ```
//!
//! for a step of the set-point from 0 to r at rest. `control_loop::plant` derives A
//! and b, `control_loop::response` the closed form, for comparison with what
//! `control` reports.
//!
//! A passive server: no interrupt, no timer, no notification; it acts for its caller.
#![no_std]
#![no_main]
#![deny(unsafe_code)]

userlib::task!();
userlib::entry!(main);

use control_loop::plant::{Model, Parameters, Plant};
use idl::plant::PlantServer;
use idol_runtime::Message;

struct Server {
    plant: Plant,
}

impl PlantServer for Server {
    fn read(&mut self, _: &Message) -> f64 {
        self.plant.position()
    }

    fn drive(&mut self, _: &Message, sequence: u64, command: f64) -> bool {
        self.plant.drive(sequence, command)
    }
}

fn main() -> ! {
    let parameters = Parameters {
        natural_hz: config::NATURAL_HZ,
        damping: config::DAMPING,
        step_us: config::STEP_US as f64,
    };
    let Some(model) = Model::new(parameters) else {
        panic!("config of plant: need natural_hz > 0, damping >= 0, step_us > 0");
    };
    idl::plant::serve(&mut Server { plant: Plant::new(model) })
}

//! The closed loop in closed form: what the demonstration must measure.
//!
//! The loop as it runs (see the crate's picture): at release k `sense` reads
//! `y[k] = x[k]`, `control` computes `u[k] = r + K·(r − y[k])` from it, and `act`
//! applies `u[k]`, which moves the plant to `x[k+1]`. All of it happens within the
//! period, so there is no delay beyond the hold itself. With the sampled plant
//! `x[k+1] = A·x[k] + b·u[k]` of [`crate::plant`] and `c = (1, 0)`:
//!
//! ```text
//!   x[k+1] = M·x[k] + b·(1 + K)·r        M = A − K·b·c
//!   x*     = (r, 0)                      is its fixed point: the plant has gain 1
//!   x[k]   = x* + Mᵏ·(x[0] − x*)
//! ```
//!
//! Mᵏ follows from its two eigenvalues. With τ = tr M / 2, N = M − τ·I and the
//! discriminant q = ((m₁₁ − m₂₂)/2)² + m₁₂·m₂₁, Cayley-Hamilton gives N² = q·I, and
//!
//! ```text
//!   q < 0:  ω = √−q, τ ± jω = ρ·e^±jθ    Mᵏ = ρᵏ·( cos kθ·I + sin kθ/ω·N )
//!   q = 0:                               Mᵏ = τᵏ·I + k·τᵏ⁻¹·N
//!   q > 0:  λ = τ ± √q                   Mᵏ = (λ₁ᵏ + λ₂ᵏ)/2·I + (λ₁ᵏ − λ₂ᵏ)/(2√q)·N
//! ```
//!
//! From rest at 0 the first case is the familiar damped sinusoid
//! `y[k] = r·(1 − ρᵏ·(cos kθ + (m₁₁ − m₂₂)/(2ω)·sin kθ))`.
//!
//! No step depends on the one before, so k = 10⁶ costs what k = 1 does and rounding
//! does not accumulate; compared with the recurrence the difference stays below
//! 10⁻⁹ over the 10⁴ samples that the tests look at.

use crate::plant::{Model, Parameters, State};

/// Plant and control law together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClosedLoop {
    m: [[f64; 2]; 2],
}

impl ClosedLoop {
    /// Closes the loop around a sampled plant with gain K.
    #[must_use]
    pub fn new(model: &Model, gain: f64) -> Self {
        let Model { a, b } = model;
        ClosedLoop { m: [[a[0][0] - gain * b[0], a[0][1]], [a[1][0] - gain * b[1], a[1][1]]] }
    }

    /// State at sample `k`, if it was `start` at sample 0 and the set-point has been
    /// `setpoint` since (including for the command computed at sample 0).
    #[must_use]
    pub fn state(&self, start: State, setpoint: f64, k: u64) -> State {
        let [[m11, m12], [m21, m22]] = self.m;
        let half_trace = (m11 + m22) / 2.0;
        let half_difference = (m11 - m22) / 2.0;
        // A subtraction of tr²/4 − det would lose the digits that this form keeps.
        let q = half_difference * half_difference + m12 * m21;
        let steps = k as f64;
        // Mᵏ = i·I + n·N
        let (i, n) = if q < 0.0 {
            let omega = libm::sqrt(-q);
            let radius = libm::pow(libm::hypot(half_trace, omega), steps);
            let angle = libm::atan2(omega, half_trace) * steps;
            (radius * libm::cos(angle), radius * libm::sin(angle) / omega)
        } else if q > 0.0 {
            let root = libm::sqrt(q);
            let first = libm::pow(half_trace + root, steps);
            let second = libm::pow(half_trace - root, steps);
            ((first + second) / 2.0, (first - second) / (2.0 * root))
        } else {
            let slope = if k == 0 { 0.0 } else { steps * libm::pow(half_trace, steps - 1.0) };
            (libm::pow(half_trace, steps), slope)
        };
        let x = start.position - setpoint;
        let v = start.velocity;
        State {
            position: setpoint + i * x + n * (half_difference * x + m12 * v),
            velocity: i * v + n * (m21 * x - half_difference * v),
        }
    }
}

/// Position at sample `k` after a step of the set-point from 0 to 1, with plant and
/// loop at rest at 0 before; sample 0 is the first whose command uses the new
/// set-point, so its position is 0. The loop is linear: for a step to `r`, multiply.
/// NaN if a parameter is outside its range.
#[must_use]
pub fn step_response(parameters: Parameters, gain: f64, k: u64) -> f64 {
    match Model::new(parameters) {
        Some(model) => ClosedLoop::new(&model, gain).state(State::default(), 1.0, k).position,
        None => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law;

    const DEFAULT: Parameters = Parameters { natural_hz: 1.0, damping: 0.2, step_us: 1000.0 };

    /// The loop as the tasks run it, one sample after the other.
    fn recurrence(p: Parameters, gain: f64, start: State, setpoint: f64, k: u64) -> State {
        let model = Model::new(p).expect("valid parameters");
        let mut state = start;
        for _ in 0..k {
            state = model.next(state, law::command(setpoint, gain, state.position));
        }
        state
    }

    #[test]
    fn the_closed_form_is_the_recurrence_for_10_s() {
        let model = Model::new(DEFAULT).expect("valid");
        let closed = ClosedLoop::new(&model, 3.0);
        let mut state = State::default();
        for k in 0..10_000 {
            let exact = closed.state(State::default(), 1.5, k);
            assert!((exact.position - state.position).abs() < 1e-9, "k={k}");
            assert!((exact.velocity - state.velocity).abs() < 1e-8, "k={k}");
            state = model.next(state, law::command(1.5, 3.0, state.position));
        }
    }

    #[test]
    fn all_three_kinds_of_eigenvalues_agree_with_the_recurrence_from_any_start() {
        let start = State { position: -0.7, velocity: 3.0 };
        // Complex; real and distinct; complex in the left half plane; real of both signs.
        for (damping, gain, step_us) in
            [(0.2, 3.0, 1000.0), (3.0, 0.5, 1000.0), (0.2, 2.0, 120_000.0), (4.0, 3.0, 400_000.0)]
        {
            let p = Parameters { natural_hz: 1.0, damping, step_us };
            let closed = ClosedLoop::new(&Model::new(p).expect("valid"), gain);
            for k in [0, 1, 2, 3, 10, 50] {
                let exact = closed.state(start, 0.4, k);
                let run = recurrence(p, gain, start, 0.4, k);
                let scale = 1.0 + run.position.abs() + run.velocity.abs();
                assert!((exact.position - run.position).abs() < 1e-10 * scale, "{p:?} k={k}");
                assert!((exact.velocity - run.velocity).abs() < 1e-9 * scale, "{p:?} k={k}");
            }
        }
    }

    #[test]
    fn a_double_eigenvalue_agrees_with_the_recurrence() {
        let closed = ClosedLoop { m: [[0.5, 1.0], [0.0, 0.5]] };
        let mut e = [1.0, 2.0];
        for k in 0..20 {
            let exact = closed.state(State { position: 1.0, velocity: 2.0 }, 0.0, k);
            assert!((exact.position - e[0]).abs() < 1e-14, "k={k}");
            assert!((exact.velocity - e[1]).abs() < 1e-14, "k={k}");
            e = [0.5 * e[0] + e[1], 0.5 * e[1]];
        }
    }

    /// Textbook numbers of the continuous loop, with the hold seen as what it nearly
    /// is, a delay of T/2: natural frequency 2ω, damping σ less (KT/4)·ω².
    #[test]
    fn the_response_is_that_of_the_continuous_loop_to_a_hundredth() {
        let omega = 2.0 * core::f64::consts::PI;
        let sigma = 0.2 * omega - 3.0 * 0.001 / 4.0 * omega * omega;
        let delta = libm::sqrt(4.0 * omega * omega - sigma * sigma);
        for k in (0..3000).step_by(50) {
            let t = k as f64 / 1000.0;
            let continuous = 1.0
                - libm::exp(-sigma * t)
                    * (libm::cos(delta * t) + sigma / delta * libm::sin(delta * t));
            let sampled = step_response(DEFAULT, 3.0, k);
            // The same T/2 also moves the start of the step: up to v·T/2.
            assert!((sampled - continuous).abs() < 0.01, "k={k}: {sampled} {continuous}");
        }
    }

    #[test]
    fn the_step_starts_at_0_and_ends_at_1() {
        assert_eq!(step_response(DEFAULT, 3.0, 0), 0.0);
        assert!(step_response(DEFAULT, 3.0, 1) > 0.0);
        assert!((step_response(DEFAULT, 3.0, 30_000) - 1.0).abs() < 1e-9);
        assert!(step_response(Parameters { damping: -1.0, ..DEFAULT }, 3.0, 5).is_nan());
    }
}

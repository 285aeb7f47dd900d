//! The plant: a damped oscillator, sampled exactly.
//!
//! ```text
//!        u ──► ω² ──►(+)──► ∫ ──v──► ∫ ──┬──► x
//!                     ▲−                 │
//!                     ├── 2ζω ◄── v      │        x'' + 2ζω·x' + ω²·x = ω²·u
//!                     └── ω² ◄───────────┘
//! ```
//!
//! A mass on a spring with a damper, pushed through the spring: at rest `x = u`.
//! The command is held constant between samples, T apart (a zero-order hold), so
//! the state `(x, v)` at the next sample follows *exactly*, without integration
//! error, from the matrix exponential. With σ = ζω and δ = ω·√|1 − ζ²|:
//!
//! ```text
//!                       ┌ c + σs     s     ┐       c = cos δT    s = sin(δT)/δ    ζ < 1
//!   A = exp(F·T) = e^−σT│                  │       c = 1         s = T            ζ = 1
//!                       └  −ω²s    c − σs  ┘       c = cosh δT   s = sinh(δT)/δ   ζ > 1
//!
//!   x[k+1] = A·x[k] + b·u[k]      b = (I − A)·(1, 0)ᵀ     (because x = u, v = 0 is at rest)
//! ```

/// What the plant is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameters {
    /// Undamped natural frequency ω/2π in hertz; more than 0.
    pub natural_hz: f64,
    /// Damping ratio ζ; at least 0, and 1 is critical.
    pub damping: f64,
    /// Sample time T in microseconds; more than 0.
    pub step_us: f64,
}

/// Where the plant is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct State {
    /// Position x, in units of the command.
    pub position: f64,
    /// Velocity x', in units of the command per second.
    pub velocity: f64,
}

/// The sampled plant: `x[k+1] = a·x[k] + b·u[k]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Model {
    /// State transition over one step.
    pub a: [[f64; 2]; 2],
    /// Effect of a command held for one step.
    pub b: [f64; 2],
}

impl Model {
    /// Samples a plant. `None` if a parameter is outside its range or not finite.
    #[must_use]
    pub fn new(parameters: Parameters) -> Option<Self> {
        let Parameters { natural_hz, damping, step_us } = parameters;
        let valid = natural_hz.is_finite()
            && damping.is_finite()
            && step_us.is_finite()
            && natural_hz > 0.0
            && damping >= 0.0
            && step_us > 0.0;
        if !valid {
            return None;
        }
        let t = step_us / 1e6;
        let omega = 2.0 * core::f64::consts::PI * natural_hz;
        let sigma = damping * omega;
        let delta = omega * libm::sqrt(libm::fabs(1.0 - damping * damping));
        let (c, s) = if damping < 1.0 {
            (libm::cos(delta * t), libm::sin(delta * t) / delta)
        } else if damping > 1.0 {
            (libm::cosh(delta * t), libm::sinh(delta * t) / delta)
        } else {
            (1.0, t)
        };
        let decay = libm::exp(-sigma * t);
        let a = [
            [decay * (c + sigma * s), decay * s],
            [-decay * omega * omega * s, decay * (c - sigma * s)],
        ];
        // Beyond a few hundred time constants a step, cosh overflows.
        if !(a[0][0].is_finite() && a[1][1].is_finite()) {
            return None;
        }
        Some(Model { a, b: [1.0 - a[0][0], -a[1][0]] })
    }

    /// The state one step later, with `command` held during the step.
    #[must_use]
    pub fn next(&self, state: State, command: f64) -> State {
        let Model { a, b } = self;
        let State { position: x, velocity: v } = state;
        State {
            position: a[0][0] * x + a[0][1] * v + b[0] * command,
            velocity: a[1][0] * x + a[1][1] * v + b[1] * command,
        }
    }
}

/// The plant as the task keeps it: moves once per sample, however often it is told.
///
/// A command carries the number of the sample it answers. A number that is not
/// newer than the last is refused, so a caller that was restarted, or that asks
/// again because it did not see the answer, cannot move the plant twice.
#[derive(Clone, Copy, Debug)]
pub struct Plant {
    model: Model,
    state: State,
    driven: Option<u64>,
}

impl Plant {
    /// A plant at rest at 0.
    #[must_use]
    pub fn new(model: Model) -> Self {
        Plant { model, state: State::default(), driven: None }
    }

    /// Position now.
    #[must_use]
    pub fn position(&self) -> f64 {
        self.state.position
    }

    /// Moves one step with `command`, the answer to sample `sequence`. False, and
    /// no move, if that sample (or a later one) was answered before or the
    /// command is no finite number.
    #[must_use]
    pub fn drive(&mut self, sequence: u64, command: f64) -> bool {
        if self.driven.is_some_and(|last| sequence <= last) || !command.is_finite() {
            return false;
        }
        self.driven = Some(sequence);
        self.state = self.model.next(self.state, command);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fourth-order Runge-Kutta of the differential equation: shares nothing with
    /// the matrix exponential but the equation.
    fn integrate(p: Parameters, start: State, command: f64, substeps: u32) -> State {
        let omega = 2.0 * core::f64::consts::PI * p.natural_hz;
        let slope = |s: State| State {
            position: s.velocity,
            velocity: omega * omega * (command - s.position) - 2.0 * p.damping * omega * s.velocity,
        };
        let add = |s: State, d: State, h: f64| State {
            position: s.position + h * d.position,
            velocity: s.velocity + h * d.velocity,
        };
        let h = p.step_us / 1e6 / f64::from(substeps);
        let mut s = start;
        for _ in 0..substeps {
            let k1 = slope(s);
            let k2 = slope(add(s, k1, h / 2.0));
            let k3 = slope(add(s, k2, h / 2.0));
            let k4 = slope(add(s, k3, h));
            s = add(s, k1, h / 6.0);
            s = add(s, k2, h / 3.0);
            s = add(s, k3, h / 3.0);
            s = add(s, k4, h / 6.0);
        }
        s
    }

    fn sampled(natural_hz: f64, damping: f64, step_us: f64) -> (Parameters, Model) {
        let p = Parameters { natural_hz, damping, step_us };
        (p, Model::new(p).expect("valid parameters"))
    }

    #[test]
    fn one_step_is_what_integration_gives_under_at_and_over_critical_damping() {
        for damping in [0.0, 0.2, 0.999_999, 1.0, 1.000_001, 3.0] {
            for step_us in [1_000.0, 100_000.0] {
                let (p, model) = sampled(1.0, damping, step_us);
                let start = State { position: 0.3, velocity: -2.0 };
                let exact = model.next(start, 1.7);
                let numeric = integrate(p, start, 1.7, 2000);
                assert!((exact.position - numeric.position).abs() < 1e-10, "{p:?}");
                assert!((exact.velocity - numeric.velocity).abs() < 1e-9, "{p:?}");
            }
        }
    }

    #[test]
    fn two_steps_of_half_the_time_are_one_step() {
        let (_, whole) = sampled(2.0, 0.3, 2_000.0);
        let (_, half) = sampled(2.0, 0.3, 1_000.0);
        let start = State { position: -1.0, velocity: 5.0 };
        let once = whole.next(start, 0.4);
        let twice = half.next(half.next(start, 0.4), 0.4);
        assert!((once.position - twice.position).abs() < 1e-14);
        assert!((once.velocity - twice.velocity).abs() < 1e-13);
    }

    #[test]
    fn at_rest_the_position_is_the_command() {
        let (_, model) = sampled(1.0, 0.2, 1_000.0);
        let rest = State { position: 1.5, velocity: 0.0 };
        let next = model.next(rest, 1.5);
        assert!((next.position - 1.5).abs() < 1e-15);
        assert!(next.velocity.abs() < 1e-15);
    }

    #[test]
    fn parameters_outside_their_range_are_refused() {
        let bad = |natural_hz, damping, step_us| {
            Model::new(Parameters { natural_hz, damping, step_us }).is_none()
        };
        assert!(bad(0.0, 0.2, 1000.0));
        assert!(bad(-1.0, 0.2, 1000.0));
        assert!(bad(1.0, -0.1, 1000.0));
        assert!(bad(1.0, 0.2, 0.0));
        assert!(bad(f64::NAN, 0.2, 1000.0));
        assert!(bad(1.0, f64::INFINITY, 1000.0));
        assert!(bad(1e9, 1e3, 1e9));
        assert!(!bad(1.0, 0.0, 1000.0));
    }

    #[test]
    fn a_sample_moves_the_plant_at_most_once() {
        let (_, model) = sampled(1.0, 0.2, 1_000.0);
        let mut plant = Plant::new(model);
        assert!(plant.drive(0, 1.0));
        let moved = plant.position();
        assert!(moved > 0.0);
        assert!(!plant.drive(0, 1.0));
        assert_eq!(plant.position(), moved);
        assert!(plant.drive(7, 1.0));
        assert!(!plant.drive(6, 1.0));
        assert!(!plant.drive(8, f64::NAN));
        assert!(plant.drive(8, 0.0));
    }
}

//! Control: one command for each measurement, and a server at the same time.
//!
//! ```text
//!   sense: post sample ──► latest() ──► u = r + K·(r − y) ──► post command to act
//!                                           ▲                      │
//!   console: set(r), status(), crash() ─────┘                      └─► act: command()
//! ```
//!
//! Between samples it answers its callers. Started anew it begins with set-point 0,
//! and at once with whatever measurement `sense` holds: the period in which it was
//! restarted is late, not lost. If the measurement was answered before, the plant
//! knows, and `act` drops it.
//!
//! After a change of the set-point it reports points of the response at fixed times,
//! for comparison with the closed form (`control_loop::response`).
#![no_std]
#![no_main]
#![deny(unsafe_code)]

userlib::task!();
userlib::entry!(main);

use control_loop::law::{self, StepReport};
use control_loop::sample::{Command, ControlStatus, Measurement};
use control_loop_api::{CommandError, SetError};
use idl::control::ControlServer;
use idl::sense::Sense;
use idol_runtime::{Bits, Message};
use userlib::Ticks;

struct Server {
    sense: Sense,
    /// What is wanted from the next sample on.
    setpoint: f64,
    /// What was wanted at the last sample.
    used: f64,
    command: Option<Command>,
    answered: u64,
    missed: u64,
    report: StepReport,
    crash: bool,
}

impl Server {
    /// Answers the latest measurement, if there is one.
    fn turn(&mut self) {
        let Ok(measurement) = self.sense.latest() else { return };
        if self.crash {
            fault_on_purpose();
        }
        self.report_on(&measurement);
        let Measurement { sequence, release, position, missed } = measurement;
        let command = law::command(self.setpoint, config::GAIN, position);
        self.command =
            Some(Command { sequence, release, position, setpoint: self.setpoint, command });
        self.answered += 1;
        self.missed = missed;
        let _ = userlib::post(posts::act::COMMAND);
    }

    fn report_on(&mut self, measurement: &Measurement) {
        // A release is rounded down to a tick; its time in microseconds is whole.
        let release_us = (Ticks(measurement.release).since_boot() + Ticks(1)).to_us();
        if self.setpoint != self.used {
            defmt::info!(
                "set-point {=f64} -> {=f64} from sample {=u64}",
                self.used,
                self.setpoint,
                measurement.sequence
            );
            self.used = self.setpoint;
            self.report.begin(release_us);
        }
        if let Some(since_us) = self.report.due(release_us) {
            defmt::info!(
                "step: t={=u64}.{=u64:03} s y={=f64}",
                since_us / 1_000_000,
                since_us / 1_000 % 1_000,
                measurement.position
            );
        }
    }
}

impl ControlServer for Server {
    fn command(&mut self, _: &Message) -> Result<Command, CommandError> {
        self.command.ok_or(CommandError::NothingYet)
    }

    fn set(&mut self, _: &Message, setpoint: f64) -> Result<u64, SetError> {
        if !law::valid_setpoint(setpoint) {
            return Err(SetError::OutOfRange);
        }
        self.setpoint = setpoint;
        Ok(self.command.map_or(0, |last| last.sequence + 1))
    }

    fn status(&mut self, _: &Message) -> ControlStatus {
        ControlStatus { setpoint: self.setpoint, answered: self.answered, missed: self.missed }
    }

    fn crash(&mut self, _: &Message) {
        self.crash = true;
    }

    fn mask(&self) -> Bits {
        notifications::SAMPLE
    }

    fn notified(&mut self, _: Bits) {
        self.turn();
    }
}

/// Writes to address 8, where no task has memory. The kernel stops this task, the
/// supervisor reports it and starts it again, and the loop goes on: that is the
/// demonstration.
#[allow(unsafe_code, reason = "a real fault needs a real bad access")]
fn fault_on_purpose() {
    let nowhere = core::ptr::without_provenance_mut::<u64>(8);
    // SAFETY: not safe at all, and meant so: the access faults, always, because page
    // 0 of a span is never mapped (the build tools place nothing there). Nothing is
    // written, and this task does not get past the instruction.
    unsafe { nowhere.write_volatile(0) };
}

fn main() -> ! {
    defmt::info!("gain {=f64}, set-point 0", config::GAIN);
    let server = &mut Server {
        sense: Sense::new(ports::SENSE),
        setpoint: 0.0,
        used: 0.0,
        command: None,
        answered: 0,
        missed: 0,
        report: StepReport::new(),
        crash: false,
    };
    server.turn();
    idl::control::serve(server)
}

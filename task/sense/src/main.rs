//! Sense: measures the plant at every release, and is the loop's clock.
//!
//! ```text
//!   timer release ──► plant.read ──► remember ──► post sample to control
//!                                       ▲
//!                                       └── control: latest()
//! ```
//!
//! Releases are at absolute times counted from boot (`control_loop::schedule`), so
//! they neither drift nor begin again at 0 when this task is restarted. A restarted
//! task goes on with the next release that is not past.
//!
//! The measurement is fetched and not sent: `control` is less urgent, and calls go
//! to the more urgent. Whoever comes late gets the newest.
#![no_std]
#![no_main]
#![deny(unsafe_code)]

userlib::task!();
userlib::entry!(main);

use control_loop::sample::Measurement;
use control_loop::schedule::{Release, Schedule};
use control_loop_api::SenseError;
use idl::plant::Plant;
use idl::sense::SenseServer;
use idol_runtime::{Bits, Message};
use userlib::{Ticks, sys, time};

struct Server {
    plant: Plant,
    schedule: Schedule,
    next: Release,
    latest: Option<Measurement>,
    missed: u64,
    /// What was missed and has not been logged, and not before when it may be.
    unsaid: u64,
    say_after: Ticks,
}

impl Server {
    fn arm(&self) {
        let timer = timers::RELEASE;
        sys::timer_set(timer.number, Ticks(self.next.ticks), timer.bits);
    }

    /// Logs what was missed, at most once a second: a machine that is too slow for
    /// the loop has no time for many words either.
    fn say_missed(&mut self) {
        let now = time::now();
        if self.unsaid > 0 && now >= self.say_after {
            defmt::warn!(
                "late: {=u64} releases missed, next is {=u64}",
                self.unsaid,
                self.next.number
            );
            self.unsaid = 0;
            self.say_after = now + Ticks::from_ms(1000);
        }
    }

    /// Measures for the release that is due, and tells control.
    fn measure(&mut self) {
        let Release { number, ticks, .. } = self.next;
        match self.plant.read() {
            Ok(position) => {
                self.latest = Some(Measurement {
                    sequence: number,
                    release: ticks,
                    position,
                    missed: self.missed,
                });
                let _ = userlib::post(posts::control::SAMPLE);
            }
            Err(_) => {
                // Only if the plant is restarted again and again under this very call.
                defmt::warn!("release {=u64}: the plant does not answer", number);
                self.missed += 1;
            }
        }
    }
}

impl SenseServer for Server {
    fn latest(&mut self, _: &Message) -> Result<Measurement, SenseError> {
        self.latest.ok_or(SenseError::NothingYet)
    }

    fn mask(&self) -> Bits {
        timers::RELEASE.bits
    }

    fn notified(&mut self, _: Bits) {
        if time::now() < Ticks(self.next.ticks) {
            return;
        }
        self.measure();
        self.next = self.schedule.after(self.next.number, time::now().0);
        self.missed += self.next.missed;
        self.unsaid += self.next.missed;
        self.say_missed();
        self.arm();
    }
}

fn main() -> ! {
    let schedule = u64::try_from(config::PHASE_US)
        .ok()
        .zip(u64::try_from(config::PERIOD_US).ok())
        .and_then(|(phase_us, period_us)| {
            Schedule::new(sys::self_info().boot.0, phase_us, period_us, time::ticks_per_second())
        });
    let Some(schedule) = schedule else {
        panic!("config of sense: need period_us > 0 and phase_us >= 0");
    };
    let next = schedule.first(time::now().0);
    let server = &mut Server {
        plant: Plant::new(ports::PLANT),
        schedule,
        next,
        latest: None,
        missed: 0,
        unsaid: 0,
        say_after: Ticks(0),
    };
    server.arm();
    idl::sense::serve(server)
}

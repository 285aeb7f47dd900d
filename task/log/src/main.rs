//! task-log: carries the records of all tasks to the serial line.
//!
//! ```text
//!   start ──► boot frame ──► wait ─ records, space ──► drain ─┐
//!                             ▲                               │
//!                             └───────────────────────────────┘
//!                            stop ──► drain, summaries, end frame, flush ──► drained
//! ```
//!
//! Every task's ring is mapped here read-only. The line takes a frame whole or not
//! at all; one that it did not take is kept and tried again. This task says nothing
//! about its own work, or it would never be done.
#![no_std]
#![no_main]
#![deny(unsafe_code)]

userlib::task!();
userlib::entry!(main);

use abi::limits::MAX_TASKS;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use exov6_log::line::Frame;
use idl::uart::Uart;
use task_log::drain::{Drain, Output, Progress};
use task_log::frames;
use userlib::time::{self, Ticks};
use userlib::{Bits, Mode, Received, sys};

/// Records from one look at the notifications to the next.
const BURST: usize = 64;
/// How long to wait for `space` before trying anyway: the driver may have been
/// restarted and have forgotten that it owes a sign.
const RETRY_MS: u64 = 20;
/// Longest time spent on tasks that go on logging at the end of a run.
const LAST_DRAIN_MS: u64 = 200;

/// Up to where each ring has been written out. This survives a restart, so that a
/// new generation does not repeat what the last one has said.
#[allow(unsafe_code, reason = "memory that the start-up code leaves alone")]
#[unsafe(link_section = ".uninit.positions")]
static SENT: [AtomicU64; MAX_TASKS] = [const { AtomicU64::new(0) }; MAX_TASKS];

/// The serial line.
struct Line(Uart);

impl Output for Line {
    fn write(&mut self, bytes: &[u8]) -> bool {
        // Busy, or the driver was restarted: either way, again later. The zero that
        // opens a frame closes what a restart may have torn.
        self.0.write(bytes).is_ok()
    }
}

impl Line {
    /// Writes a frame, however long that takes.
    fn send(&mut self, mut frame: Frame) {
        let Some(bytes) = frame.finish() else { return };
        while !self.write(bytes) {
            wait_for(notifications::SPACE, RETRY_MS);
        }
    }
}

/// Waits for notifications, but no longer than so many milliseconds.
fn wait_for(bits: Bits, ms: u64) -> Bits {
    let deadline = time::now() + Ticks::from_ms(ms);
    match sys::recv_until(Mode::Notifications, bits, deadline) {
        Received::Notified(came) => came,
        _ => Bits::NONE,
    }
}

fn main() -> ! {
    let mut line = Line(Uart::new(ports::UART));
    if userlib::generation() == 0 {
        SENT.iter().for_each(|sent| sent.store(0, Relaxed));
        if let Some(record) = rings::BOOT_RECORD.and_then(userlib::boot_record) {
            line.send(frames::boot(record));
        }
    }
    let mut drain = Drain::<{ rings::ALL.len() }>::new(core::array::from_fn(|source| {
        let ring = &rings::ALL[source];
        Some((ring.task, ring.reader(SENT[source].load(Relaxed))?))
    }));
    let mut run = move |line: &mut Line| {
        drain.run(line, BURST, |source, position| SENT[source].store(position, Relaxed))
    };

    let all = notifications::ALL;
    loop {
        let came = match run(&mut line) {
            Progress::Empty => userlib::wait(all),
            Progress::Blocked => wait_for(all, RETRY_MS),
            Progress::Limit => wait_for(notifications::STOP, 0),
        };
        if came.contains(notifications::STOP) {
            break;
        }
    }

    let end = time::now() + Ticks::from_ms(LAST_DRAIN_MS);
    loop {
        match run(&mut line) {
            Progress::Empty => break,
            _ if time::now() >= end => break,
            Progress::Blocked => drop(wait_for(notifications::SPACE, RETRY_MS)),
            Progress::Limit => {}
        }
    }
    for ring in rings::ALL.iter().filter(|ring| ring.summary > 0) {
        let mut values = [0; abi::limits::MAX_SUMMARY];
        let count = usize::from(ring.summary).min(values.len());
        values.iter_mut().zip(ring.counters()).for_each(|(to, value)| *to = value);
        line.send(frames::summary(ring.task, values[..count].iter().copied()));
    }
    line.send(frames::end());
    while !line.0.flush() {
        wait_for(notifications::SPACE, 1);
    }
    loop {
        userlib::post(posts::supervisor::DRAINED);
        // The supervisor ends the run; if it is slow to, remind it.
        wait_for(notifications::STOP, 100);
    }
}

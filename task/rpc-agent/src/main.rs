//! The rpc agent: makes the calls that a debugger asks for, as far as `app.toml` lets it.
//!
//! ```text
//!   debugger ──► EXOV6_RPC, in this task's memory ◄── a look every poll_ms ──► ports
//! ```
//!
//! It knows no interface: its ports are whatever channels `app.toml` gives it, and it
//! passes on what it finds, once that is checked against them. Give it the lowest
//! priority of the image, so that looking costs only time that nobody wants, and for
//! each channel the operations that a debugger should have. The mailbox, its rules and
//! everything that is decided here are in `exov6_rpc`; a chapter of the book, `rpc.md`,
//! tells it from the debugger's side.
#![no_std]
#![no_main]
#![deny(unsafe_code)]

userlib::task!();
userlib::entry!(main);

use core::sync::atomic::AtomicU8;
use exov6_rpc::{Agent, Call, Kernel, LeaseRange, Mailbox, Returned};
use userlib::{Bits, Lease, Mode, Ticks, sys, time};

/// Bytes that can be lent with a call, all leases together.
const DATA_BYTES: usize = config::DATA_BYTES as usize;
/// The largest data area that makes sense: a span has 32 MiB for everything.
const DATA_MOST: i64 = 1 << 20;
const _: () = assert!(
    config::DATA_BYTES >= 0 && config::DATA_BYTES <= DATA_MOST,
    "config of the rpc agent: data_bytes is 0 to 1048576"
);
const _: () = assert!(
    config::POLL_MS >= 1 && config::POLL_MS <= 60_000,
    "config of the rpc agent: poll_ms is 1 to 60000"
);

/// The mailbox. It survives a restart, so that the next life can say how the last one
/// ended; the debugger finds it by its name.
#[allow(unsafe_code, reason = "memory that the start-up code leaves alone, with a fixed name")]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".uninit.rpc")]
static EXOV6_RPC: Mailbox<DATA_BYTES> = Mailbox::new();

/// This task's own ports.
struct Ports;

impl Kernel for Ports {
    fn now(&self) -> u64 {
        time::now().0
    }

    fn ports(&self) -> u32 {
        ports::ALL.len() as u32
    }

    fn operations(&self, port: u32) -> Option<u64> {
        let grant = ports::ALL.iter().find(|grant| u32::from(grant.port.0) == port)?;
        Some(grant.operations)
    }

    fn call(&mut self, call: &Call<'_>) -> Returned {
        let leases: [Lease<'_>; abi::limits::MAX_LEASES] = core::array::from_fn(|index| {
            let lease = call.leases.get(index).copied().unwrap_or_default();
            Lease::shared(piece(call.data, lease), lease.rights)
        });
        let leases = leases.get(..call.leases.len()).unwrap_or(&[]);
        let returned = sys::call(userlib::Port(call.port), call.header, &call.words, leases);
        Returned { status: returned.status, length: returned.length as u32, words: returned.words }
    }
}

/// The bytes that a lease means; it has been checked.
fn piece(data: &[AtomicU8], lease: LeaseRange) -> &[AtomicU8] {
    let start = lease.offset as usize;
    data.get(start..start.saturating_add(lease.length as usize)).unwrap_or(&[])
}

fn main() -> ! {
    let generation = userlib::generation();
    let mut agent = Agent::start(&EXOV6_RPC, generation);
    if generation == 0 {
        defmt::info!("a debugger may call through {=usize} ports", ports::ALL.len());
    }
    let pause = Ticks::from_ms(config::POLL_MS as u64);
    loop {
        agent.poll(&mut Ports);
        // No bit ends this wait: it is a timer without a timer.
        let _ = sys::recv_until(Mode::Notifications, Bits::NONE, time::now() + pause);
    }
}

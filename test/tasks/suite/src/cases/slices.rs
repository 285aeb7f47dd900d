//! Slices: memory that a task claims to own, against what it owns.

use super::WORDS;
use crate::check::{check, check_eq};
use crate::stage::{Stage, check_fault, check_state, name, number, pause, puppet_ports};
use crate::tasks;
use abi::fault::{Fault, FaultKind};
use abi::kernel_op::{STATUS_FAULTED, StateCode};
use abi::limits::{PAGE, SPAN};
use abi::log::RING_DEFAULT;
use abi::syscall::{self, LEASE_R, LEASE_W};
use exov6_test_suite::Command;
use exov6_test_suite::command::{ECHO, KEEP, Place};
use userlib::kernel;

/// The kernel's half: its view of the image's first page.
const KERNEL: u64 = 0xffff_ff80_4020_0000;

/// A piece of a puppet's span, and what it may be lent for.
#[derive(Clone, Copy)]
pub(super) struct Piece {
    pub start: u64,
    pub end: u64,
    pub rights: u32,
}

/// Edges of a puppet's span, as the build promises to lay it out.
pub(super) struct Span {
    pub text: u64,
    pub constants: u64,
    pub data: u64,
    pub initial: u64,
    pub guard: u64,
    pub stack: u64,
    pub top: u64,
    pub pieces: [Piece; 6],
}

impl Span {
    #[track_caller]
    pub fn of(stage: &mut Stage, who: u32) -> Self {
        let places = stage.does(who, Command::Places { first: Place::TextStart as u64 });
        let [text, constants, data, stack, top, initial, ..] = places;
        let both = LEASE_R | LEASE_W;
        let piece = |start, end, rights| Piece { start, end, rights };
        let ring = SPAN - PAGE - RING_DEFAULT;
        let pieces = [
            piece(text, constants, LEASE_R),
            piece(constants, data, LEASE_R),
            piece(data, initial, both),
            piece(initial, initial + PAGE, LEASE_R),
            piece(stack, top, both),
            piece(ring, ring + RING_DEFAULT, both),
        ];
        check!(initial + PAGE < stack - PAGE && top < SPAN, "the stack of {}", name(who));
        Span { text, constants, data, initial, guard: stack - PAGE, stack, top, pieces }
    }

    /// The reference: every byte lies in a piece with the rights.
    pub fn allows(&self, address: u64, length: u64, rights: u32) -> bool {
        let Some(end) = address.checked_add(length) else { return false };
        let mut at = address;
        while at < end {
            let inside = |piece: &&Piece| piece.start <= at && at < piece.end;
            match self.pieces.iter().find(inside) {
                Some(piece) if piece.rights & rights == rights => at = piece.end,
                _ => return false,
            }
        }
        true
    }
}

/// Lets the victim lend a slice in a call that is answered at once; whether the kernel
/// accepted it. A refusal must tell the address.
#[track_caller]
fn accepts(stage: &mut Stage, address: u64, length: u32, rights: u32) -> bool {
    let who = tasks::VICTIM;
    let table = stage.place(who, Place::Buffer);
    stage.poke(who, table, &[address, u64::from(length) | u64::from(rights) << 32]);
    let [port, header] = number(puppet_ports::SERVER, ECHO, 0, 1);
    stage.order_trap(who, syscall::CALL, &[0; 8], &[port, header, table]);
    pause(30);
    let status = kernel::status(who);
    if status.state & STATUS_FAULTED != 0 {
        check_fault(&status, Fault::new(FaultKind::BadSlice, address));
        stage.restart(who);
        return false;
    }
    stage.answer(who);
    true
}

pub fn slice_grid(stage: &mut Stage) {
    let span = Span::of(stage, tasks::VICTIM);
    let ring = SPAN - PAGE - RING_DEFAULT;
    let edges = [
        1,
        span.text,
        span.constants,
        span.data,
        span.initial,
        span.initial + PAGE,
        span.guard,
        span.stack,
        span.top,
        ring,
        ring + RING_DEFAULT,
        SPAN,
        1 << 32,
        KERNEL,
        u64::MAX - 1,
    ];
    let (mut accepted, mut refused) = (0, 0);
    for edge in edges {
        for base in [edge - 1, edge, edge + 1] {
            let to_end = span.pieces.iter().map(|p| p.end.wrapping_sub(base)).min().unwrap_or(0);
            for length in [0, 1, 2, PAGE - 1, PAGE, to_end, to_end.wrapping_add(1), u64::MAX] {
                let length = length as u32;
                for rights in [LEASE_R, LEASE_W, LEASE_R | LEASE_W] {
                    // An empty slice is valid wherever it points.
                    let expected = length == 0 || span.allows(base, u64::from(length), rights);
                    let got = accepts(stage, base, length, rights);
                    check_eq!(got, expected, "{:#x} + {:#x}, rights {}", base, length, rights);
                    *(if got { &mut accepted } else { &mut refused }) += 1;
                }
            }
        }
    }
    check!(accepted > 100 && refused > 100, "{} accepted, {} refused", accepted, refused);
}

pub fn slice_spans_regions(stage: &mut Stage) {
    let span = Span::of(stage, tasks::VICTIM);
    // Text and constants are adjacent and can both be read.
    check!(accepts(stage, span.constants - 64, 128, LEASE_R));
    check!(accepts(stage, span.text, (span.data - span.text) as u32, LEASE_R));
    // So are constants, writable memory and initial data; one of the three can be written.
    check!(accepts(stage, span.text, (span.initial + PAGE - span.text) as u32, LEASE_R));
    check!(accepts(stage, span.data - 8, 16, LEASE_R));
    check!(!accepts(stage, span.data - 8, 16, LEASE_W));
    check!(!accepts(stage, span.data - 8, 16, LEASE_R | LEASE_W));
    check!(accepts(stage, span.initial - 8, 16, LEASE_R));
    check!(!accepts(stage, span.initial - 8, 16, LEASE_W));
    check!(!accepts(stage, span.initial - 8, 16, LEASE_R | LEASE_W));
    check!(accepts(stage, span.initial - 8, 8, LEASE_R | LEASE_W));
    // Below the stack is its guard page, above it nothing.
    check!(accepts(stage, span.stack, (span.top - span.stack) as u32, LEASE_R | LEASE_W));
    check!(!accepts(stage, span.top - 8, 16, LEASE_R));
    check!(!accepts(stage, span.initial + PAGE - 8, 16, LEASE_R));
    check!(!accepts(stage, span.guard - 8, 16, LEASE_R));
    check!(!accepts(stage, span.guard - 8, PAGE as u32 + 16, LEASE_R));
    check!(!accepts(stage, span.stack - 8, 16, LEASE_R));

    // The bytes come from both sides of the seam, in order.
    let victim = stage.place(tasks::VICTIM, Place::Buffer);
    let seam = span.initial - 16;
    stage.poke(tasks::VICTIM, seam, &[0x1111, 0x2222]);
    stage.poke(tasks::VICTIM, victim, &[seam, 32 | u64::from(LEASE_R) << 32]);
    let expected = stage.does(tasks::VICTIM, Command::Peek { address: seam });
    check_eq!(expected[..2], [0x1111, 0x2222]);
    let [port, header] = number(puppet_ports::SERVER, KEEP, 0, 1);
    stage.order_trap(tasks::VICTIM, syscall::CALL, &[0; 8], &[port, header, victim]);
    pause(100);
    let handle = stage.does(tasks::SERVER, Command::Kept { index: 0 })[0];
    let server = stage.place(tasks::SERVER, Place::Buffer);
    let x = [handle, 0, 0, server, 64];
    check_eq!(stage.trap(tasks::SERVER, syscall::LEASE_READ, &x)[..2], [syscall::OK, 32]);
    let got = stage.does(tasks::SERVER, Command::Peek { address: server });
    check_eq!(got[..4], expected[..4]);
}

/// Makes the victim lend its buffer's second half to the server; handle and address.
#[track_caller]
pub(super) fn lend(stage: &mut Stage) -> (u64, u64) {
    let table = stage.place(tasks::VICTIM, Place::Buffer);
    let memory = table + PAGE;
    let rights = u64::from(LEASE_R | LEASE_W);
    stage.poke(tasks::VICTIM, table, &[memory, 64 | rights << 32]);
    stage.poke(tasks::VICTIM, memory, &WORDS);
    let [port, header] = number(puppet_ports::SERVER, KEEP, 0, 1);
    stage.order_trap(tasks::VICTIM, syscall::CALL, &[0; 8], &[port, header, table]);
    pause(100);
    check_state(tasks::VICTIM, StateCode::InReply, tasks::SERVER);
    let handle = stage.does(tasks::SERVER, Command::Kept { index: 0 })[0];
    stage.does(tasks::SERVER, Command::Forget);
    (handle, memory)
}

pub fn slice_device(stage: &mut Stage) {
    // The server has one peripheral, which lies at the top of its span: the identification
    // register of a PL061 shows that it is there.
    let device = SPAN - PAGE - PAGE;
    let id = stage.does(tasks::SERVER, Command::Read { address: device + 0xfe0 })[0];
    check_eq!(id & 0xff, 0x61);

    // As the target and the source of a copy.
    for call in [syscall::LEASE_READ, syscall::LEASE_WRITE] {
        let (handle, _) = lend(stage);
        let fault = Fault::new(FaultKind::BadSlice, device);
        stage.trap_faults(tasks::SERVER, call, &[handle, 0, 0, device, 8], fault);
        check_eq!(stage.answer(tasks::VICTIM)[0], syscall::DEAD);
    }
    // As a lease, and as the table of leases, of a call to the UART's driver.
    let table = stage.place(tasks::SERVER, Place::Buffer);
    for rights in [LEASE_R, LEASE_W] {
        stage.poke(tasks::SERVER, table, &[device, 8 | u64::from(rights) << 32]);
        let x = [0, syscall::header(1, 0, 1), table];
        let fault = Fault::new(FaultKind::BadSlice, device);
        stage.trap_faults(tasks::SERVER, syscall::CALL, &x, fault);
    }
    let x = [0, syscall::header(1, 0, 1), device];
    let fault = Fault::new(FaultKind::BadLeaseTable, device);
    stage.trap_faults(tasks::SERVER, syscall::CALL, &x, fault);
}

pub fn slice_target_bad(stage: &mut Stage) {
    let span = Span::of(stage, tasks::SERVER);
    let constant = stage.place(tasks::SERVER, Place::Constant);
    let unmapped = [0, 8, 0x100_0000, SPAN - 8, SPAN, 1 << 32, KERNEL, u64::MAX - 7];
    let readable =
        [span.text, constant, span.constants - 4, span.data - 4, span.initial, span.initial - 4];
    let partly = [span.guard - 4, span.guard, span.stack - 8, span.stack - 4];
    for target in readable.into_iter().chain(partly).chain(unmapped) {
        let before = kernel::dump(tasks::SERVER, target & !7);
        let (handle, _) = lend(stage);
        let fault = Fault::new(FaultKind::BadSlice, target);
        stage.trap_faults(tasks::SERVER, syscall::LEASE_READ, &[handle, 0, 0, target, 8], fault);
        check_eq!(stage.answer(tasks::VICTIM)[0], syscall::DEAD);
        if target != span.initial - 4 && target != span.data - 4 {
            check_eq!(kernel::dump(tasks::SERVER, target & !7), before, "at {:#x}", target);
        }
    }
    // What cannot be read cannot be the source of a copy, and the lease is unchanged.
    for source in partly.into_iter().chain(unmapped) {
        let (handle, memory) = lend(stage);
        let fault = Fault::new(FaultKind::BadSlice, source);
        stage.trap_faults(tasks::SERVER, syscall::LEASE_WRITE, &[handle, 0, 0, source, 8], fault);
        check_eq!(stage.answer(tasks::VICTIM)[0], syscall::DEAD);
        check_eq!(kernel::dump(tasks::VICTIM, memory), Some(WORDS), "from {:#x}", source);
    }
}

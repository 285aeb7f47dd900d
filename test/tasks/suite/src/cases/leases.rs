//! Leases: memory that a caller lends for the length of its call.

use super::WORDS;
use crate::check::{check, check_eq};
use crate::stage::{Stage, check_state, number, pause, puppet_ports};
use crate::tasks;
use abi::fault::{Fault, FaultKind};
use abi::kernel_op::StateCode;
use abi::limits::{LEASE_COPY_BYTES, MAX_LEASES, PAGE, SPAN};
use abi::syscall::{self, DEFECT, LEASE_R, LEASE_W, OK, header};
use exov6_test_suite::Command;
use exov6_test_suite::command::{ECHO, KEEP, PLAIN, Place};
use exov6_test_suite::machine;
use userlib::{kernel, sys};

const BOTH: u32 = LEASE_R | LEASE_W;
const VICTIM: u32 = tasks::VICTIM;
const SERVER: u32 = tasks::SERVER;

/// A lease of the victim's: offset from its buffer, length, rights.
type Lent = (u64, u64, u32);

/// Addresses in the victim's buffer: the memory that it lends, and its lease table.
struct Lender {
    memory: u64,
    table: u64,
}

impl Lender {
    #[track_caller]
    fn of(stage: &mut Stage, who: u32) -> Self {
        let memory = stage.place(who, Place::Buffer);
        Lender { memory, table: memory + PAGE }
    }

    /// Writes a lease table.
    #[track_caller]
    fn prepare(&self, stage: &mut Stage, who: u32, leases: &[Lent]) {
        for ((offset, length, rights), at) in leases.iter().zip(0..) {
            let entry = [self.memory + offset, length | u64::from(*rights) << 32];
            stage.poke(who, self.table + at * 16, &entry);
        }
    }
}

/// Makes a puppet below lend memory to the server, which keeps the call; its handle.
#[track_caller]
fn lend_by(stage: &mut Stage, who: u32, leases: &[Lent]) -> u64 {
    let lender = Lender::of(stage, who);
    lender.prepare(stage, who, leases);
    let [port, header] = number(puppet_ports::SERVER, KEEP, 0, leases.len() as u8);
    stage.order_trap(who, syscall::CALL, &[0; 8], &[port, header, lender.table]);
    pause(100);
    check_state(who, StateCode::InReply, SERVER);
    let kept = stage.does(SERVER, Command::Kept { index: 0 });
    check_eq!(kept[2], header);
    stage.does(SERVER, Command::Forget);
    kept[0]
}

#[track_caller]
fn lend(stage: &mut Stage, leases: &[Lent]) -> u64 {
    lend_by(stage, VICTIM, leases)
}

/// Ends a kept call.
#[track_caller]
fn release(stage: &mut Stage, handle: u64) {
    stage.trap(SERVER, syscall::REPLY, &[handle, 0, 0]);
    stage.answer(VICTIM);
}

/// One lease copy of the server's: status and bytes.
#[track_caller]
fn copy(stage: &mut Stage, call: u16, x: [u64; 5]) -> [u64; 2] {
    let results = stage.trap(SERVER, call, &x);
    [results[0], results[1]]
}

/// Makes the server misuse a lease; the fault must be this one, and is the server's.
#[track_caller]
fn misuse(stage: &mut Stage, call: u16, x: [u64; 5], kind: FaultKind, detail: u64) {
    stage.trap_faults(SERVER, call, &x, Fault::new(kind, detail));
    check_eq!(stage.answer(VICTIM)[0], syscall::DEAD);
}

fn bytes(words: &[u64; 8]) -> [u8; 64] {
    core::array::from_fn(|at| words[at / 8].to_le_bytes()[at % 8])
}

pub fn lease_read(stage: &mut Stage) {
    let lender = Lender::of(stage, VICTIM);
    let buffer = stage.place(SERVER, Place::Buffer);
    stage.poke(VICTIM, lender.memory, &WORDS);
    let handle = lend(stage, &[(0, 64, LEASE_R), (16, 8, BOTH)]);
    for (offset, length) in [(0, 64), (0, 1), (1, 7), (8, 8), (13, 30), (63, 1), (5, 0), (40, 24)] {
        stage.poke(SERVER, buffer, &[u64::MAX; 8]);
        let x = [handle, 0, offset, buffer, length];
        check_eq!(copy(stage, syscall::LEASE_READ, x), [OK, length]);
        let got = bytes(&stage.does(SERVER, Command::Peek { address: buffer }));
        for (at, byte) in got.into_iter().enumerate() {
            let within = (at as u64) < length;
            let expected = if within { bytes(&WORDS)[offset as usize + at] } else { 0xff };
            check_eq!(byte, expected, "byte {} of {} at {}", at, length, offset);
        }
    }
    // The second lease is another piece of memory; the target need not be aligned.
    stage.poke(SERVER, buffer, &[0; 3]);
    check_eq!(copy(stage, syscall::LEASE_READ, [handle, 1, 0, buffer + 3, 100]), [OK, 8]);
    let got = stage.does(SERVER, Command::Peek { address: buffer });
    check_eq!([got[0] >> 24 | got[1] << 40, got[1] >> 24], [WORDS[2], 0]);
}

pub fn lease_write(stage: &mut Stage) {
    let lender = Lender::of(stage, VICTIM);
    let buffer = stage.place(SERVER, Place::Buffer);
    for (offset, length) in [(0, 48), (0, 1), (1, 7), (8, 8), (13, 30), (47, 1), (5, 0), (40, 8)] {
        stage.poke(VICTIM, lender.memory, &[u64::MAX; 8]);
        stage.poke(SERVER, buffer, &WORDS);
        // The lease lies in the middle of what is looked at afterwards.
        let handle = lend(stage, &[(8, 48, LEASE_W)]);
        let x = [handle, 0, offset, buffer, length];
        check_eq!(copy(stage, syscall::LEASE_WRITE, x), [OK, length]);
        release(stage, handle);
        let got = bytes(&stage.does(VICTIM, Command::Peek { address: lender.memory }));
        for (at, byte) in got.into_iter().enumerate() {
            let from = at.checked_sub(8 + offset as usize).filter(|from| (*from as u64) < length);
            let expected = from.map_or(0xff, |from| bytes(&WORDS)[from]);
            check_eq!(byte, expected, "byte {} after {} at {}", at, length, offset);
        }
    }
}

pub fn lease_info(stage: &mut Stage) {
    let leases = [(0, 5, LEASE_R), (9, 0, LEASE_W), (0, PAGE, BOTH), (1, 4095, LEASE_W)];
    let handle = lend(stage, &leases);
    for ((_, length, rights), index) in leases.into_iter().zip(0..) {
        let results = stage.trap(SERVER, syscall::LEASE_INFO, &[handle, index]);
        check_eq!(results[..3], [OK, u64::from(rights), length], "lease {}", index);
    }
    misuse(stage, syscall::LEASE_INFO, [handle, 4, 0, 0, 0], FaultKind::BadLease, 4);

    // As many as there can be.
    let leases: [Lent; MAX_LEASES] = core::array::from_fn(|at| (at as u64, 100 + at as u64, BOTH));
    let handle = lend(stage, &leases);
    for index in 0..MAX_LEASES as u64 {
        let results = stage.trap(SERVER, syscall::LEASE_INFO, &[handle, index]);
        check_eq!(results[..3], [OK, u64::from(BOTH), 100 + index]);
    }
    misuse(stage, syscall::LEASE_INFO, [handle, 8, 0, 0, 0], FaultKind::BadLease, 8);
}

pub fn lease_wrong_right(stage: &mut Stage) {
    let buffer = stage.place(SERVER, Place::Buffer);
    let lender = Lender::of(stage, VICTIM);
    stage.poke(VICTIM, lender.memory, &WORDS);
    for (rights, call, allowed) in [
        (LEASE_R, syscall::LEASE_WRITE, syscall::LEASE_READ),
        (LEASE_W, syscall::LEASE_READ, syscall::LEASE_WRITE),
    ] {
        let leases = [(0, 8, BOTH), (8, 8, rights)];
        for length in [8, 0] {
            let handle = lend(stage, &leases);
            misuse(stage, call, [handle, 1, 0, buffer, length], FaultKind::BadLeaseRight, 1);
            check_eq!(kernel::dump(VICTIM, lender.memory), Some(WORDS));
        }
        let handle = lend(stage, &leases);
        check_eq!(copy(stage, allowed, [handle, 1, 0, buffer, 0]), [OK, 0]);
        release(stage, handle);
    }
}

pub fn lease_bounds(stage: &mut Stage) {
    let buffer = stage.place(SERVER, Place::Buffer);
    let leases = [(0, 32, BOTH)];
    for call in [syscall::LEASE_READ, syscall::LEASE_WRITE] {
        let handle = lend(stage, &leases);
        // At the end exactly, and over it.
        check_eq!(copy(stage, call, [handle, 0, 28, buffer, 4]), [OK, 4]);
        check_eq!(copy(stage, call, [handle, 0, 28, buffer, 100]), [OK, 4]);
        check_eq!(copy(stage, call, [handle, 0, 32, buffer, 100]), [OK, 0]);
        check_eq!(copy(stage, call, [handle, 0, 0, buffer, u64::MAX]), [OK, 32]);
        release(stage, handle);
        for index in [1, 8, 0xff, 0x100, 1 << 32, u64::MAX] {
            let handle = lend(stage, &leases);
            misuse(stage, call, [handle, index, 0, buffer, 8], FaultKind::BadLease, index);
        }
        for offset in [33, 1 << 32, u64::MAX - 3, u64::MAX] {
            let handle = lend(stage, &leases);
            misuse(stage, call, [handle, 0, offset, buffer, 8], FaultKind::BadLeaseOffset, offset);
        }
    }
}

pub fn lease_not_waiting(stage: &mut Stage) {
    let buffer = stage.place(SERVER, Place::Buffer);
    stage.is_there(tasks::FP_A);
    let handle = lend(stage, &[(0, 32, BOTH)]);
    release(stage, handle);
    let others = [
        handle,                          // got its reply
        syscall::caller(tasks::FP_A, 0), // waits for the suite's
        syscall::caller(SERVER, 0),      // itself
        syscall::caller(VICTIM, 1),      // a life to come
        syscall::caller(63, 0),          // nobody
        syscall::caller(64, 0),
        u64::MAX - 2,
    ];
    for other in others {
        for call in [syscall::LEASE_READ, syscall::LEASE_WRITE] {
            check_eq!(copy(stage, call, [other, 0, 0, buffer, 8]), [DEFECT, 0], "{:#x}", other);
        }
        let results = stage.trap(SERVER, syscall::LEASE_INFO, &[other, 0]);
        check_eq!(results[..3], [DEFECT, 0, 0], "{:#x}", other);
    }
    // One that waits, in another life than it is in.
    let handle = lend(stage, &[(0, 32, BOTH)]);
    let other = syscall::caller(VICTIM, 1);
    for call in [syscall::LEASE_READ, syscall::LEASE_WRITE] {
        check_eq!(copy(stage, call, [other, 0, 0, buffer, 8]), [DEFECT, 0]);
        check_eq!(copy(stage, call, [handle, 0, 0, buffer, 8]), [OK, 8]);
    }
}

pub fn lease_after_restart(stage: &mut Stage) {
    let lender = Lender::of(stage, VICTIM);
    let buffer = stage.place(SERVER, Place::Buffer);
    stage.poke(SERVER, buffer, &WORDS);
    let handle = lend(stage, &[(0, 64, BOTH)]);
    check_eq!(copy(stage, syscall::LEASE_WRITE, [handle, 0, 0, buffer, 64]), [OK, 64]);
    check_eq!(kernel::dump(VICTIM, lender.memory), Some(WORDS));
    // While the old life's memory is still there, and when the new one has begun.
    kernel::restart_held(VICTIM);
    stage.forget(VICTIM);
    for held in [true, false] {
        if !held {
            kernel::start(VICTIM);
            stage.comes_back(VICTIM, 1);
            check_eq!(kernel::dump(VICTIM, lender.memory), Some([0; 8]));
        }
        let before = kernel::dump(VICTIM, lender.memory);
        for call in [syscall::LEASE_READ, syscall::LEASE_WRITE] {
            check_eq!(copy(stage, call, [handle, 0, 0, buffer + 64, 64]), [DEFECT, 0]);
        }
        check_eq!(stage.trap(SERVER, syscall::LEASE_INFO, &[handle, 0])[0], DEFECT);
        check_eq!(kernel::dump(VICTIM, lender.memory), before);
    }
    // Also when the new life lends the same memory to the same server.
    stage.poke(VICTIM, lender.memory, &WORDS);
    let new = lend(stage, &[(0, 64, BOTH)]);
    check!(new != handle);
    for call in [syscall::LEASE_READ, syscall::LEASE_WRITE] {
        check_eq!(copy(stage, call, [handle, 0, 0, buffer + 64, 64]), [DEFECT, 0]);
    }
    check_eq!(kernel::dump(VICTIM, lender.memory), Some(WORDS));
    check_eq!(copy(stage, syscall::LEASE_READ, [new, 0, 0, buffer + 64, 64]), [OK, 64]);
}

pub fn lease_overlap(stage: &mut Stage) {
    let lender = Lender::of(stage, VICTIM);
    let buffer = stage.place(SERVER, Place::Buffer);
    stage.poke(VICTIM, lender.memory, &[0; 8]);
    stage.poke(SERVER, buffer, &WORDS);
    let handle = lend(stage, &[(0, 32, BOTH), (16, 32, BOTH)]);
    check_eq!(copy(stage, syscall::LEASE_WRITE, [handle, 0, 0, buffer, 32]), [OK, 32]);
    check_eq!(copy(stage, syscall::LEASE_WRITE, [handle, 1, 0, buffer, 32]), [OK, 32]);
    check_eq!(copy(stage, syscall::LEASE_READ, [handle, 0, 0, buffer + 64, 32]), [OK, 32]);
    release(stage, handle);
    let [a, b, c, d, ..] = WORDS;
    let expected = [a, b, a, b, c, d, 0, 0];
    check_eq!(stage.does(VICTIM, Command::Peek { address: lender.memory }), expected);
    check_eq!(stage.does(SERVER, Command::Peek { address: buffer + 64 })[..4], expected[..4]);

    // The table itself is lent, and changed by the server: it has been read already.
    let changed = [0, 0, SPAN, 9 | 7 << 32];
    stage.poke(SERVER, buffer, &changed);
    let handle = lend(stage, &[(PAGE, 32, BOTH), (0, 24, LEASE_R)]);
    check_eq!(copy(stage, syscall::LEASE_WRITE, [handle, 0, 0, buffer, 32]), [OK, 32]);
    for (index, rights, length) in [(0, BOTH, 32), (1, LEASE_R, 24)] {
        let results = stage.trap(SERVER, syscall::LEASE_INFO, &[handle, index]);
        check_eq!(results[..3], [OK, u64::from(rights), length]);
    }
    check_eq!(copy(stage, syscall::LEASE_READ, [handle, 1, 0, buffer + 64, 24]), [OK, 24]);
    check_eq!(stage.does(SERVER, Command::Peek { address: buffer + 64 })[..3], expected[..3]);
    release(stage, handle);
    let table = stage.does(VICTIM, Command::Peek { address: lender.table });
    check_eq!(table[..4], changed, "it did arrive in the caller's memory");
}

pub fn lease_table_bad(stage: &mut Stage) {
    let lender = Lender::of(stage, VICTIM);
    let guard = stage.place(VICTIM, Place::StackBottom) - PAGE;
    let end = stage.place(VICTIM, Place::WritableEnd) + PAGE;
    let kernel_half = 0xffff_ff80_4020_0000;
    let fault = |detail| Fault::new(FaultKind::BadLeaseTable, detail);
    let refused = |stage: &mut Stage, table, leases| {
        lender.prepare(stage, VICTIM, &[(0, 8, BOTH); MAX_LEASES]);
        let [port, header] = number(puppet_ports::SERVER, ECHO, 0, leases);
        stage.trap_faults(VICTIM, syscall::CALL, &[port, header, table], fault(table));
    };
    for misaligned in [1, 2, 4, 7] {
        refused(stage, lender.table + misaligned, 1);
    }
    // Also where a whole descriptor would have been found.
    let table = lender.table + 4;
    let shifted = [lender.memory << 32, lender.memory >> 32 | 8 << 32, u64::from(BOTH)];
    stage.poke(VICTIM, lender.table, &shifted);
    let [port, header] = number(puppet_ports::SERVER, ECHO, 0, 1);
    stage.trap_faults(VICTIM, syscall::CALL, &[port, header, table], fault(table));
    for many in [9, 16, 255] {
        refused(stage, lender.table, many);
    }
    for unreadable in [
        0,
        8,
        guard,
        guard + PAGE - 8,
        guard - 8,
        end,
        end - 8,
        0x100_0000,
        SPAN - 8,
        SPAN,
        1 << 32,
        kernel_half,
        u64::MAX - 7,
    ] {
        refused(stage, unreadable, 1);
    }
    // The whole table must be readable, not only its beginning.
    refused(stage, end - 16 * 3, 4);
    // Rights that mean nothing, in any entry.
    for rights in [0, 4, 5, 7, 1 << 31] {
        for at in [0, 3] {
            let mut leases = [(0, 8, BOTH); 4];
            leases[at].2 = rights;
            lender.prepare(stage, VICTIM, &leases);
            let [port, header] = number(puppet_ports::SERVER, ECHO, 0, 4);
            let x = [port, header, lender.table];
            stage.trap_faults(VICTIM, syscall::CALL, &x, fault(lender.table));
        }
    }
    // Without leases nobody looks at the address.
    let [port, header] = number(puppet_ports::SERVER, ECHO, 0, 0);
    check_eq!(stage.trap(VICTIM, syscall::CALL, &[port, header, 13])[0], 0);
}

pub fn lease_chunk(stage: &mut Stage) {
    let lender = Lender::of(stage, VICTIM);
    let byte = |at: u64| (at.wrapping_mul(167) >> 3) as u8;
    let word = |at: u64| u64::from_le_bytes(core::array::from_fn(|n| byte(at * 8 + n as u64)));
    for first in (0..PAGE / 8).step_by(5) {
        let words: [u64; 5] = core::array::from_fn(|n| word(first + n as u64));
        let count = (PAGE / 8 - first).min(5) as usize;
        stage.poke(VICTIM, lender.memory + first * 8, &words[..count]);
    }
    lender.prepare(stage, VICTIM, &[(0, PAGE, BOTH)]);
    let x = [puppet_ports::SUITE, header(PLAIN, 0, 1), lender.table];
    stage.order_trap(VICTIM, syscall::CALL, &[0; 8], &x);
    let caller = stage.message(VICTIM).caller;

    let mut local = [0_u8; 5000];
    for (offset, length) in [
        (0, 0),
        (0, 1),
        (1, 1023),
        (0, 1024),
        (3, 1025),
        (5, 2049),
        (0, 4096),
        (1, 4095),
        (4095, 1),
        (4096, 10),
        (4090, 1000),
        (0, 5000),
    ] {
        for shift in [0, 1, 7] {
            local.fill(0xee);
            let length = length.min(local.len() - shift);
            let got = sys::lease_read(caller, 0, offset, &mut local[shift..shift + length]);
            let most = length.min(PAGE as usize - offset);
            check_eq!(got, Ok(most), "{} at {}", length, offset);
            for (at, found) in local.iter().enumerate() {
                let inside = (shift..shift + most).contains(&at);
                let expected = if inside { byte((offset + at - shift) as u64) } else { 0xee };
                check_eq!(*found, expected, "byte {} of {} at {}", at, length, offset);
            }
        }
    }
    // Writing the whole back, moved by one, in pieces of the stub's choice.
    check_eq!(sys::lease_read(caller, 0, 0, &mut local[..4096]), Ok(4096));
    check_eq!(sys::lease_write(caller, 0, 1, &local[..4096]), Ok(4095));
    for at in [0, 1, 1023, 1024, 1025, 4095 - 7] {
        let words = kernel::dump(VICTIM, lender.memory + (at as u64 & !63)).unwrap_or([0; 8]);
        let expected = byte((at as u64).saturating_sub(1));
        check_eq!(bytes(&words)[at % 64], expected, "byte {}", at);
    }
    // One trap moves no more than the limit, whatever it is asked for.
    for length in [LEASE_COPY_BYTES, LEASE_COPY_BYTES + 1, 4096, 5000] {
        let mut registers = [0; 31];
        let target = local.as_mut_ptr().expose_provenance() as u64;
        registers[8..13].copy_from_slice(&[caller.handle(), 0, 0, target, length as u64]);
        #[allow(unsafe_code, reason = "the stub would never ask for more than the limit")]
        // SAFETY: the kernel writes to `local` only, which is borrowed mutably above.
        let done = unsafe { machine::trap(u64::from(syscall::LEASE_READ), &mut registers) };
        check!(done.is_some());
        check_eq!(registers[8..10], [OK, LEASE_COPY_BYTES as u64]);
    }
}

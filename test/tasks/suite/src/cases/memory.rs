//! Memory: every access that a task may not make, told with address, kind and place.

use crate::check::{check, check_eq};
use crate::stage::{Stage, check_fault, number, puppet_ports};
use crate::tasks;
use abi::fault::{Access, Fault, FaultKind};
use abi::kernel_op::Status;
use abi::limits::{PAGE, SPAN};
use abi::log::RING_DEFAULT;
use abi::syscall::{self, LEASE_R};
use exov6_test_suite::Command;
use exov6_test_suite::command::{ECHO, Place};
use exov6_test_suite::instructions::{self, Group};
use userlib::kernel;

const VICTIM: u32 = tasks::VICTIM;
/// Where physical address 0 appears in the kernel's half.
const LINEAR: u64 = 0xffff_ff80_0000_0000;
/// Where the image lies.
const IMAGE: u64 = 0x4020_0000;

/// A puppet's command to access memory in a way, and where its instruction lies.
fn command(access: Access, address: u64) -> Command {
    match access {
        Access::Write => Command::Write { address, value: 0x1bad },
        Access::Execute => Command::Execute { address },
        Access::Read | Access::None => Command::Read { address },
    }
}

/// Lets the victim try an access. It must fault at the instruction made for it, with one
/// of these kinds, and is restarted.
#[track_caller]
fn refused(stage: &mut Stage, access: Access, address: u64, kinds: &[FaultKind]) -> Status {
    let places = stage.does(VICTIM, Command::Places { first: Place::Read as u64 });
    let status = stage.faults(VICTIM, command(access, address));
    let fault = Fault::unpack(status.fault, status.detail);
    let allowed = kinds.iter().any(|kind| fault == Some(Fault::memory(*kind, access, address)));
    check!(allowed, "{:x?} of {:#x}, expected {:?}: {:x?}", access, address, kinds, fault);
    let pc = match access {
        Access::Write => places[1],
        Access::Execute => address,
        Access::Read | Access::None => places[0],
    };
    check_eq!(status.pc, pc, "{:?} of {:#x}", access, address);
    check_eq!(status.count, 1);
    // The exception's class: a data or an instruction abort, from EL0.
    let class = if access == Access::Execute { 0x20 } else { 0x24 };
    check_eq!(status.syndrome >> 26, class);
    stage.restart(VICTIM);
    status
}

const UNMAPPED: &[FaultKind] = &[FaultKind::Unmapped];
const PERMISSION: &[FaultKind] = &[FaultKind::Permission];
const EITHER: &[FaultKind] = &[FaultKind::Unmapped, FaultKind::Permission];

pub fn fault_read_unmapped(stage: &mut Stage) {
    for address in [0x100_0000, 0x100_0008, 0x180_0ff8, SPAN - 8] {
        let status = refused(stage, Access::Read, address, UNMAPPED);
        let bottom = stage.place(VICTIM, Place::StackBottom);
        let top = stage.place(VICTIM, Place::StackTop);
        check!(bottom < status.sp && status.sp < top, "sp {:#x}", status.sp);
    }
    // An access that is only partly in the hole tells the first byte of the hole.
    let end = stage.place(VICTIM, Place::WritableEnd) + PAGE;
    let status = stage.faults(VICTIM, Command::Read { address: end - 4 });
    check_fault(&status, Fault::memory(FaultKind::Unmapped, Access::Read, end));
}

pub fn fault_write_readonly(stage: &mut Stage) {
    let places = stage.does(VICTIM, Command::Places { first: 0 });
    let constant = stage.place(VICTIM, Place::Constant);
    let [text, constants, _, _, _, initial, ..] = places;
    for address in [text, text + 64, constants, constant, initial] {
        let before = kernel::dump(VICTIM, address);
        check!(before.is_some());
        refused(stage, Access::Write, address, PERMISSION);
        check_eq!(kernel::dump(VICTIM, address), before, "at {:#x}", address);
    }
}

pub fn fault_execute_data(stage: &mut Stage) {
    let places = stage.does(VICTIM, Command::Places { first: 0 });
    let constant = stage.place(VICTIM, Place::Constant);
    let data = stage.place(VICTIM, Place::Data);
    let [_, constants, _, stack, top, initial, buffer, _] = places;
    // The buffer holds a return: executed, it would come back unnoticed.
    stage.poke(VICTIM, buffer, &[0xd65f_03c0_d65f_03c0]);
    let ring = SPAN - PAGE - RING_DEFAULT;
    for address in [buffer, stack, top - 64, data & !3, constants, constant & !3, initial, ring] {
        refused(stage, Access::Execute, address, PERMISSION);
    }
}

pub fn fault_null(stage: &mut Stage) {
    for address in [0, 8, 0x7f8, PAGE - 8] {
        refused(stage, Access::Read, address, UNMAPPED);
        refused(stage, Access::Write, address, UNMAPPED);
        refused(stage, Access::Execute, address, UNMAPPED);
    }
}

/// Whole pages: reads of each in a sample of the span, all three accesses at its edges.
pub fn fault_span(stage: &mut Stage) {
    let places = stage.does(VICTIM, Command::Places { first: 0 });
    let [text, _, _, stack, top, initial, ..] = places;
    let (end, guard) = (initial + PAGE, stack - PAGE);
    check_eq!(top, SPAN - PAGE - RING_DEFAULT - PAGE);
    let ring = SPAN - PAGE - RING_DEFAULT;
    check_eq!(text, PAGE);
    let mut tried = 0;
    for page in (0..SPAN / PAGE).filter(|page| page % 8 == 5) {
        let address = page * PAGE;
        let there =
            (guard..top).contains(&address) || (ring..ring + RING_DEFAULT).contains(&address);
        if address >= end && !there {
            refused(stage, Access::Read, address + page % 511 * 8, UNMAPPED);
            tried += 1;
        }
    }
    check!(tried > 900, "{} pages", tried);
    let edges = [
        end,
        end + PAGE,
        guard - PAGE,
        guard - 8,
        top,
        ring - PAGE,
        ring - 8,
        ring + RING_DEFAULT,
        SPAN - PAGE,
    ];
    let beyond = (25..55).map(|bit| 1 << bit);
    let at_top = [SPAN + PAGE, u64::from(u32::MAX) & !7, 0x0000_ffff_ffff_fff8];
    for address in edges.into_iter().chain(beyond).chain(at_top) {
        refused(stage, Access::Read, address, UNMAPPED);
        refused(stage, Access::Write, address, UNMAPPED);
        refused(stage, Access::Execute, address, UNMAPPED);
    }
    // The guard page has its own kind.
    for address in [guard, guard + PAGE / 2, stack - 8] {
        refused(stage, Access::Read, address, &[FaultKind::StackOverflow]);
        refused(stage, Access::Write, address, &[FaultKind::StackOverflow]);
        refused(stage, Access::Execute, address, &[FaultKind::StackOverflow]);
    }
}

/// The first MiB of the image (the kernel with its tables and stacks) and its devices page
/// by page; the rest of memory by sample.
pub fn fault_kernel_memory(stage: &mut Stage) {
    let mut mapped = 0;
    for page in 0..256 {
        let address = LINEAR + IMAGE + page * PAGE + page % 512 * 8;
        let status = refused(stage, Access::Read, address, EITHER);
        let fault = Fault::unpack(status.fault, status.detail);
        mapped += u32::from(fault.is_some_and(|fault| fault.kind == FaultKind::Permission));
        if page % 4 == 0 {
            refused(stage, Access::Write, address, EITHER);
            refused(stage, Access::Execute, address, EITHER);
        }
    }
    check!(mapped > 16, "only {} of these pages are the kernel's", mapped);
    let distributor = 0x0800_0000;
    let devices = [distributor, 0x0801_0000, 0x0801_1000, 0x0900_0000];
    let memory = (0..128).step_by(4).map(|mib| 0x4000_0000 + mib * 0x10_0000);
    for physical in devices.into_iter().chain(memory) {
        for access in [Access::Read, Access::Write, Access::Execute] {
            refused(stage, access, LINEAR + physical, EITHER);
        }
    }
    // Where there is nothing, up to the last word; and what is no address at all.
    for address in [
        LINEAR - 8,
        LINEAR,
        0xffff_0000_0000_0000,
        0xffff_8000_0000_0000,
        0xffff_ffff_ffff_f000,
        u64::MAX - 7,
        0x0080_0000_0000_0000,
        0x8000_0000_0000_0000,
        0x7fff_ffff_ffff_fff8,
    ] {
        refused(stage, Access::Read, address, UNMAPPED);
        refused(stage, Access::Write, address, UNMAPPED);
    }
}

pub fn fault_device_not_owned(stage: &mut Stage) {
    // UART, RTC, GPIO and the interrupt controller: by physical address, and through the
    // kernel's half.
    for physical in [0x0900_0000, 0x0901_0000, 0x0903_0000, 0x0800_0000, 0x0801_0000] {
        for access in [Access::Read, Access::Write] {
            refused(stage, access, physical, UNMAPPED);
            refused(stage, access, LINEAR + physical, EITHER);
        }
    }
    // Where the server's span has its device, the victim's has its own log ring: the
    // same address is not the same thing.
    let address = SPAN - PAGE - PAGE + 0xfe0;
    check_eq!(stage.does(tasks::SERVER, Command::Read { address })[0] & 0xff, 0x61);
    check!(stage.does(VICTIM, Command::Read { address })[0] & 0xff != 0x61);
}

pub fn fault_stack_overflow(stage: &mut Stage) {
    let bottom = stage.place(VICTIM, Place::StackBottom);
    let guard = bottom - PAGE;
    let [_, _, push, frame, ..] = stage.does(VICTIM, Command::Places { first: Place::Read as u64 });
    let overflow = |address| Fault::memory(FaultKind::StackOverflow, Access::Write, address);

    let status = stage.faults(VICTIM, Command::Push);
    check_fault(&status, overflow(bottom - 16));
    check_eq!(status.pc, push);
    stage.restart(VICTIM);

    let status = stage.faults(VICTIM, Command::Frame);
    check_fault(&status, overflow(bottom - 64));
    check_eq!([status.pc, status.sp], [frame, bottom - 64]);
    stage.restart(VICTIM);

    // A lease that points there is the kernel's to find.
    let table = stage.place(VICTIM, Place::Buffer);
    for (address, length) in [(guard, 8), (bottom - 8, 8), (bottom - 8, 16), (guard - 8, 16)] {
        stage.poke(VICTIM, table, &[address, length | u64::from(LEASE_R) << 32]);
        let [port, header] = number(puppet_ports::SERVER, ECHO, 0, 1);
        let fault = Fault::new(FaultKind::BadSlice, address);
        stage.trap_faults(VICTIM, syscall::CALL, &[port, header, table], fault);
    }
}

/// Exclusive and ordered accesses, and jumps. The emulator checks neither SP nor accesses to
/// devices.
pub fn fault_misaligned(stage: &mut Stage) {
    let misaligned = instructions::ALL.iter().zip(0..);
    for (instruction, number) in misaligned.filter(|(i, _)| i.group == Group::Misaligned) {
        let at = stage.does(VICTIM, Command::InstructionAt { number })[0];
        let buffer = stage.place(VICTIM, Place::Buffer);
        let jump = instruction.name == "br_misaligned";
        let address = if jump { at + 1 } else { buffer + 1 };
        let status = stage.faults(VICTIM, Command::Instruction { number, x0: address });
        let fault = Fault::unpack(status.fault, status.detail);
        let found = fault.map(|fault| (fault.kind, fault.detail));
        check_eq!(found, Some((instruction.fault, address)), "{}", instruction.name);
        check_eq!(status.pc, if jump { address } else { at }, "{}", instruction.name);
        stage.restart(VICTIM);
    }
}

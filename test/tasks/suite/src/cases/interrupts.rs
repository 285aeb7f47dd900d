//! Interrupts: of lines that no device drives, so that only software raises them.

use crate::check::{check, check_eq};
use crate::stage::Stage;
use crate::{notifications, tasks};
use abi::fault::{Fault, FaultKind};
use abi::kernel_op::KernelOp;
use abi::syscall::{self, IRQ_CLEAR_PENDING, IRQ_ENABLE, IRQ_ENABLED, IRQ_PENDING, IRQ_POSTED};
use userlib::time::now;
use userlib::{Bits, Mode, Received, Ticks, kernel, sys};

const IRQ: Bits = notifications::IRQ_A;
/// The server's interrupt, among its bits.
const SERVER_IRQ: u64 = 2;

/// Whether the interrupt's bit comes within a millisecond.
fn comes() -> bool {
    match sys::recv_until(Mode::Notifications, IRQ, now() + Ticks::from_ms(1)) {
        Received::Notified(bits) => bits == IRQ,
        _ => false,
    }
}

fn raise() {
    check!(kernel::software_irq(tasks::SUITE, IRQ));
}

pub fn irq_notifies(_: &mut Stage) {
    raise();
    check!(!comes(), "before it was enabled for the first time");
    sys::irq_control(IRQ, IRQ_ENABLE | IRQ_CLEAR_PENDING);
    check!(!comes(), "after it was forgotten");
    for _ in 0..3 {
        raise();
        check!(comes());
        check!(!comes(), "one interrupt is one bit");
        // Masked now: the next one stays where it is until it is wanted.
        raise();
        check!(!comes(), "while masked");
        sys::irq_control(IRQ, IRQ_ENABLE);
        check!(comes(), "once enabled again");
        sys::irq_control(IRQ, IRQ_ENABLE);
    }
    sys::irq_control(IRQ, 0);
    raise();
    check!(!comes(), "after it was disabled");
}

pub fn irq_status(stage: &mut Stage) {
    let status = || sys::irq_status(IRQ);
    check_eq!(status(), 0);
    raise();
    check_eq!(status(), IRQ_PENDING);
    sys::irq_control(IRQ, IRQ_CLEAR_PENDING);
    check_eq!(status(), 0);
    sys::irq_control(IRQ, IRQ_ENABLE);
    check_eq!(status(), IRQ_ENABLED);
    raise();
    check_eq!(status(), IRQ_POSTED);
    raise();
    check_eq!(status(), IRQ_POSTED | IRQ_PENDING);
    check!(comes());
    check_eq!(status(), IRQ_PENDING);
    sys::irq_control(IRQ, IRQ_ENABLE | IRQ_CLEAR_PENDING);
    check_eq!(status(), IRQ_ENABLED);
    sys::irq_control(IRQ, 0);
    check_eq!(status(), 0);

    // Only of bits that are one's own interrupts.
    for number in [syscall::IRQ_STATUS, syscall::IRQ_CONTROL] {
        for bits in [1, SERVER_IRQ | 1, 1 << 31, 1 << 33] {
            let fault = Fault::new(FaultKind::BadBits, bits);
            stage.trap_faults(tasks::SERVER, number, &[bits, 0], fault);
        }
    }
}

pub fn irq_software(stage: &mut Stage) {
    // Raised by the victim, which is granted that, for the server, which owns it.
    let raise = |stage: &mut Stage| {
        let x = [KernelOp::SoftwareIrq as u64, u64::from(tasks::SERVER), SERVER_IRQ];
        check_eq!(stage.trap(tasks::VICTIM, syscall::KERNEL_OP, &x)[0], syscall::OK);
    };
    let status =
        |stage: &mut Stage| stage.trap(tasks::SERVER, syscall::IRQ_STATUS, &[SERVER_IRQ])[0];
    let control = |stage: &mut Stage, flags| {
        let x = [SERVER_IRQ, flags];
        check_eq!(stage.trap(tasks::SERVER, syscall::IRQ_CONTROL, &x)[0], syscall::OK);
    };
    let receive = |stage: &mut Stage| {
        let x = [syscall::RECV_NOTIFICATIONS, SERVER_IRQ, 0, 0];
        stage.trap(tasks::SERVER, syscall::RECV_UNTIL, &x)
    };
    control(stage, IRQ_ENABLE);
    check_eq!(status(stage), IRQ_ENABLED);
    raise(stage);
    check_eq!(status(stage), IRQ_POSTED);
    check_eq!(receive(stage)[..3], [syscall::NOTIFIED, 0, SERVER_IRQ]);
    raise(stage);
    check_eq!(status(stage), IRQ_PENDING);
    check_eq!(receive(stage)[0], syscall::TIMED_OUT);
    control(stage, IRQ_ENABLE);
    check_eq!(receive(stage)[..3], [syscall::NOTIFIED, 0, SERVER_IRQ]);

    // Only what is an interrupt can be raised.
    for bits in [0, 1, SERVER_IRQ | 1, 1 << 31, 1 << 33] {
        let x = [KernelOp::SoftwareIrq as u64, u64::from(tasks::SERVER), bits];
        let fault = Fault::new(FaultKind::BadBits, bits);
        stage.trap_faults(tasks::VICTIM, syscall::KERNEL_OP, &x, fault);
    }
}

pub fn irq_restart(stage: &mut Stage) {
    let x = [SERVER_IRQ, IRQ_ENABLE];
    let status =
        |stage: &mut Stage| stage.trap(tasks::SERVER, syscall::IRQ_STATUS, &[SERVER_IRQ])[0];
    let bits = Bits(SERVER_IRQ as u32);

    // One that was taken, and one that the controller holds.
    stage.trap(tasks::SERVER, syscall::IRQ_CONTROL, &x);
    check!(kernel::software_irq(tasks::SERVER, bits));
    check!(kernel::software_irq(tasks::SERVER, bits));
    check_eq!(status(stage), IRQ_POSTED | IRQ_PENDING);
    stage.restart(tasks::SERVER);
    check_eq!(status(stage), 0);
    let receive = [syscall::RECV_NOTIFICATIONS, SERVER_IRQ, 0, 0];
    stage.trap(tasks::SERVER, syscall::IRQ_CONTROL, &x);
    check_eq!(stage.trap(tasks::SERVER, syscall::RECV_UNTIL, &receive)[0], syscall::TIMED_OUT);

    // Enabled in one life is not enabled in the next.
    check_eq!(status(stage), IRQ_ENABLED);
    stage.restart(tasks::SERVER);
    check_eq!(status(stage), 0);
    check!(kernel::software_irq(tasks::SERVER, bits));
    check_eq!(stage.trap(tasks::SERVER, syscall::RECV_UNTIL, &receive)[0], syscall::TIMED_OUT);
    stage.trap(tasks::SERVER, syscall::IRQ_CONTROL, &x);
    let results = stage.trap(tasks::SERVER, syscall::RECV_UNTIL, &receive);
    check_eq!(results[..3], [syscall::NOTIFIED, 0, SERVER_IRQ]);
}

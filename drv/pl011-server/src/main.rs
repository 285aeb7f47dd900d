//! drv-pl011-server: the task that owns the serial line.
//!
//! Console text and log frames share the line, so output is taken in one piece or
//! not at all; nobody waits here for a slow line. The chip and its queues are
//! `drv_pl011`; this file connects them with calls, the interrupt and the
//! notifications `input` (to the console, if there is one) and `space` (to the log task).
#![no_std]
#![no_main]
#![deny(unsafe_code)]

userlib::task!();
userlib::entry!(main);

use drv_pl011::{Line, Mapped, Uart};
use drv_uart_api::{READ_MAX, UartError, WRITE_MAX};
use idl::uart::UartServer;
use idol_runtime::{Leased, R, Refusal, RequestError, W};
use userlib::abi::syscall::IRQ_ENABLE;
use userlib::{Bits, Message, sys};

/// Bytes of output that wait for the chip: several of the longest writes.
const OUTPUT: usize = 4 * WRITE_MAX;

struct Server {
    line: Line<Mapped, OUTPUT, READ_MAX>,
    /// Output on its way from a caller's lease into the queue.
    piece: [u8; WRITE_MAX],
}

impl Server {
    fn look_after(&mut self) {
        let events = self.line.poll();
        if events.input {
            userlib::post(posts::console::INPUT);
        }
        if events.space {
            userlib::post(posts::log::SPACE);
        }
    }
}

impl UartServer for Server {
    fn write(&mut self, _: &Message, data: Leased<R, [u8]>) -> Result<(), RequestError<UartError>> {
        let length = data.read_at(0, &mut self.piece)?;
        self.line.write(&self.piece[..length]).map_err(|_| UartError::Busy)?;
        Ok(())
    }

    fn read(&mut self, _: &Message, into: Leased<W, [u8]>) -> Result<u32, Refusal> {
        let mut piece = [0; READ_MAX];
        let length = into.len().min(READ_MAX);
        let count = self.line.read(&mut piece[..length]);
        into.write_at(0, &piece[..count])?;
        Ok(count as u32)
    }

    fn flush(&mut self, _: &Message) -> bool {
        self.line.is_flushed()
    }

    fn mask(&self) -> Bits {
        notifications::UART_IRQ
    }

    fn notified(&mut self, _: Bits) {
        self.look_after();
        sys::irq_control(notifications::UART_IRQ, IRQ_ENABLE);
    }
}

fn main() -> ! {
    #[allow(unsafe_code, reason = "this task owns the chip")]
    // SAFETY: the build tools map the chip that app.toml gives to this task, and to
    // no other, at this address; this is the only place that uses it.
    let registers = unsafe { Mapped::new(devices::UART0.address) };
    let line = Line::start(Uart::new(registers));
    let mut server = Server { line, piece: [0; WRITE_MAX] };
    // Input that came before the start raises no interrupt.
    server.look_after();
    sys::irq_control(notifications::UART_IRQ, IRQ_ENABLE);
    idl::uart::serve(&mut server)
}

//! drv-uart-api: what users of a serial line need beside `idl/uart.idol`.
//!
//! Any driver of a serial line serves that interface, so a task that uses one
//! does not know which chip is behind it.
#![no_std]
#![forbid(unsafe_code)]

/// Longest output that one `write` takes, in bytes; the interface says the same.
/// It is more than a log frame of any length (`exov6_log::line::FRAME_MAX`).
pub const WRITE_MAX: usize = 1024;
/// Most input that one `read` gives, in bytes; the interface says the same.
pub const READ_MAX: usize = 256;

idol_runtime::error! {
    /// Why a serial line did not take output.
    pub enum UartError {
        /// There is no room for all of it now. The log task is told by its
        /// notification `space` when there is; others try again later.
        Busy = 1,
        /// The driver was restarted; the output may be lost, or torn.
        ServerDied = 2,
    }
    server_death: ServerDied
}

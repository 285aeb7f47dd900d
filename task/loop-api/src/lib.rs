//! Errors of the demonstration's servers.
//!
//! Apart from [`control-loop`](../control_loop/index.html), which computes and knows
//! nothing of tasks: these belong to the interfaces in `idl/`.
#![no_std]
#![forbid(unsafe_code)]

idol_runtime::error! {
    /// Why `sense` has no measurement to give.
    pub enum SenseError {
        /// No release was due since it was started.
        NothingYet = 1,
        /// It was restarted again and again, or did not answer in time.
        ServerDied = 2,
    }
    server_death: ServerDied
}

idol_runtime::error! {
    /// Why `control` has no command to give.
    pub enum CommandError {
        /// It has answered no measurement since it was started.
        NothingYet = 1,
        /// It was restarted again and again, or did not answer in time.
        ServerDied = 2,
    }
    server_death: ServerDied
}

idol_runtime::error! {
    /// Why `control` does not take a set-point.
    pub enum SetError {
        /// It is no number, or its magnitude is beyond `control_loop::law::SETPOINT_LIMIT`.
        OutOfRange = 1,
        /// It was restarted again and again, or did not answer in time; the set-point
        /// may or may not have changed.
        ServerDied = 2,
    }
    server_death: ServerDied
}

//! One module per architecture, with the same names: `trap_words`, `trap`,
//! `counter`, `frequency` and, on a target, `_start`.

#[cfg(all(target_os = "none", target_arch = "aarch64"))]
mod aarch64;
#[cfg(all(target_os = "none", target_arch = "aarch64"))]
pub use aarch64::{counter, frequency, trap, trap_words};

#[cfg(not(target_os = "none"))]
mod host;
#[cfg(not(target_os = "none"))]
pub use host::{counter, frequency, trap, trap_words};

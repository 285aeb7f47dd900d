//! walks: calls itself as often as it is told to, and says what came of it.
#![no_std]
#![no_main]
#![deny(unsafe_code)]

userlib::task!("walks");
userlib::entry!(main);

use core::hint::black_box;

fn main() -> ! {
    defmt::info!("walked: {=u64}", walk(config::DEPTH as u64));
    loop {
        userlib::wait(notifications::GO);
    }
}

/// 1 + 2 + … + `depth`, with a frame for each.
#[inline(never)]
fn walk(depth: u64) -> u64 {
    let frame = black_box([depth; 16]);
    // Not the last thing it does, so that it cannot become a loop.
    let below = if black_box(depth) > 1 { walk(depth - 1) } else { 0 };
    below + frame[depth as usize % 16]
}

//! Placeholder.
#![no_std]
#![no_main]
userlib::task!();
userlib::entry!(main);
fn main() -> ! {
    loop {}
}

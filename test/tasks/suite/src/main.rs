//! test-suite: runs the one case that the boot-info page asks for.
//!
//! Exit codes are said in `exov6_test_suite`; a case that returns has passed.
#![no_std]
#![no_main]
#![deny(unsafe_code)]

mod cases;
mod check;
mod stage;

userlib::task!();
userlib::entry!(main);

use exov6_test_suite::{CASES, EXIT_NO_CASE};
use stage::Stage;
use userlib::kernel;

macro_rules! functions {
    ($($group:ident { $($name:ident = $holds:literal,)* })*) => {
        &[$($( cases::$group::$name, )*)*]
    };
}

/// The cases in the order of their numbers.
const RUN: &[fn(&mut Stage)] = exov6_test_suite::cases!(functions);

fn main() -> ! {
    let number = userlib::boot_info(devices::BOOT_INFO).map_or(0, |info| info.test);
    let index = (number as usize).wrapping_sub(1);
    let (Some(run), Some(case)) = (RUN.get(index), CASES.get(index)) else {
        kernel::exit(EXIT_NO_CASE);
    };
    run(&mut Stage::new());
    defmt::info!("{=str}: ok", case.name);
    kernel::exit(0)
}

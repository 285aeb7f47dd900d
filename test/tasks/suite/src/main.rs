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

use abi::boot;
use exov6_test_suite::{CASES, EXIT_NO_CASE, EXIT_OTHER_MACHINE};
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
    let info = userlib::boot_info(devices::BOOT_INFO);
    let number = info.map_or(0, |info| info.test);
    machine_is_as_promised(info.map_or(0, |info| info.machine));
    let index = (number as usize).wrapping_sub(1);
    let (Some(run), Some(case)) = (RUN.get(index), CASES.get(index)) else {
        kernel::exit(EXIT_NO_CASE);
    };
    run(&mut Stage::new());
    defmt::info!("{=str}: ok", case.name);
    kernel::exit(0)
}

/// Ends the run if the kernel found another machine than the one it was started on.
fn machine_is_as_promised(promised: u64) {
    let found = userlib::boot_record(devices::BOOT_RECORD)
        .map(|record| boot::machine(record.entry_level, record.interrupt_controller));
    if promised != 0 && found != Some(promised) {
        kernel::exit(EXIT_OTHER_MACHINE);
    }
}

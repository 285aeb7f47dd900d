//! {{TASK}}: wakes up once a second.
#![no_std]
#![no_main]
#![deny(unsafe_code)]

userlib::task!();
userlib::entry!(main);

{{USE}}
/// Time from one round to the next, in milliseconds.
const PERIOD_MS: u64 = 1000;

fn main() -> ! {
{{PORTS}}    let mut rounds = 0;
    loop {
        time::sleep_for(timers::TICK, Ticks::from_ms(PERIOD_MS));
        rounds += 1;
        defmt::info!("round {=u32}", rounds);
    }
}

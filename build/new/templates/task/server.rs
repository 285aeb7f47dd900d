//! {{TASK}}: serves `idl/{{TASK}}.idol`.
#![no_std]
#![no_main]
#![deny(unsafe_code)]

userlib::task!();
userlib::entry!(main);

{{USE}}
struct Server;

impl {{INTERFACE}}Server for Server {
    fn double(&mut self, _: &Message, value: u32) -> u32 {
        value.saturating_mul(2)
    }
}

fn main() -> ! {
{{PORTS}}    idl::{{MODULE}}::serve(&mut Server)
}

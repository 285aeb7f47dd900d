//! test-server: the puppet above the suite. It answers, or keeps a call for the suite to
//! decide about: what is to happen with a kept call is a system call that the suite
//! makes it do.
#![no_std]
#![no_main]
#![deny(unsafe_code)]

userlib::task!();
userlib::entry!(main);

use abi::syscall::header;
use exov6_test_suite::Command;
use exov6_test_suite::command::{COMMAND, ECHO, KEEP, Words, echo};
use exov6_test_suite::puppet::Puppet;
use userlib::{Bits, Message, Mode, Received, sys};

struct Server {
    puppet: Puppet,
    kept: [Words; 4],
    count: usize,
    seen: u64,
}

impl Server {
    fn keep(&mut self, message: &Message) {
        let length = message.length as u16;
        let header = header(message.operation, length, message.leases as u8);
        let [a, b, c, d, e, ..] = message.words;
        if let Some(kept) = self.kept.get_mut(self.count) {
            *kept = [message.caller.handle(), message.badge, header, a, b, c, d, e];
            self.count += 1;
        }
    }

    fn obey(&mut self, command: Command) -> Words {
        match command {
            Command::Kept { index } => {
                let kept = self.kept[..self.count].get(index as usize);
                kept.copied().unwrap_or([0; 8])
            }
            Command::Forget => {
                self.count = 0;
                [0; 8]
            }
            Command::Count => [self.puppet.commands(), self.seen, 0, 0, 0, 0, 0, 0],
            other => self.puppet.obey(other),
        }
    }
}

fn main() -> ! {
    let mut server = Server { puppet: Puppet::new(), kept: [[0; 8]; 4], count: 0, seen: 0 };
    loop {
        let Received::Call(message) = sys::recv(Mode::Open, Bits::NONE) else { continue };
        server.seen += 1;
        match message.operation {
            COMMAND => {
                let answer = server.obey(Command::decode(&message.words));
                sys::reply(message.caller, 0, 64, &answer);
            }
            ECHO => {
                let (status, answer) = echo(&message.words);
                sys::reply(message.caller, status, message.length, &answer);
            }
            KEEP => server.keep(&message),
            _ => {}
        }
    }
}

//! A target against servers that behave, and servers that do not.

use super::*;
use std::cell::RefCell;
use std::rc::Rc;

/// A server: what it is told goes through a function, what that gives comes back.
struct Fake<F> {
    parser: Parser,
    answers: VecDeque<u8>,
    answer: F,
    said: Rc<RefCell<Vec<String>>>,
}

impl<F: FnMut(&str) -> Vec<u8>> Fake<F> {
    fn new(answer: F) -> (Self, Rc<RefCell<Vec<String>>>) {
        let said = Rc::new(RefCell::new(vec![]));
        let (parser, answers) = (Parser::default(), VecDeque::new());
        (Fake { parser, answers, answer, said: said.clone() }, said)
    }

    fn hear(&mut self, what: &str) {
        self.said.borrow_mut().push(what.to_owned());
        let answer = (self.answer)(what);
        self.answers.extend(answer);
    }
}

impl<F> Read for Fake<F> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.answers.is_empty() {
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = self.answers.len().min(into.len());
        for (to, byte) in into.iter_mut().zip(self.answers.drain(..count)) {
            *to = byte;
        }
        Ok(count)
    }
}

impl<F: FnMut(&str) -> Vec<u8>> Write for Fake<F> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        for byte in bytes {
            if *byte == 3 {
                self.hear("interrupt");
            }
            match self.parser.feed(*byte) {
                Some(Event::Packet(request)) => self.hear(&String::from_utf8_lossy(&request)),
                Some(Event::Nack) => self.hear("-"),
                _ => {}
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<F: FnMut(&str) -> Vec<u8>> Line for Fake<F> {
    fn patience(&mut self, _: Duration) -> std::io::Result<()> {
        Ok(())
    }
}

const SHORT: Duration = Duration::from_millis(20);

fn ok(payload: &str) -> Vec<u8> {
    [b"+".to_vec(), packet::encode(payload.as_bytes())].concat()
}

/// Eight bytes of memory at 0x40, and QEMU's manners.
fn qemu(memory: &mut [u8; 8]) -> impl FnMut(&str) -> Vec<u8> {
    |request| {
        let range = |text: &str| {
            let (at, length) = text.split_once(',').unwrap();
            let at = usize::from_str_radix(at, 16).unwrap() - 0x40;
            at..at + usize::from_str_radix(length, 16).unwrap()
        };
        if let Some(place) = request.strip_prefix('m') {
            return ok(&packet::hex(&memory[range(place)]));
        }
        if let Some((place, bytes)) = request.strip_prefix('M').and_then(|r| r.split_once(':')) {
            memory[range(place)].copy_from_slice(&packet::unhex(bytes.as_bytes()).unwrap());
            return ok("OK");
        }
        match request {
            "?" => ok("T05thread:01;"),
            "c" => b"+".to_vec(),
            "interrupt" => packet::encode(b"T02thread:01;"),
            _ => ok("OK"),
        }
    }
}

#[test]
fn memory_is_read_and_written_while_the_target_is_stopped() {
    let mut memory = [1, 2, 3, 4, 5, 6, 7, 8];
    let (fake, said) = Fake::new(qemu(&mut memory));
    let mut target = Target::new(fake, SHORT).unwrap();
    let mut two = [0; 2];
    target.read(0x42, &mut two).unwrap();
    target.run(Duration::from_millis(1)).unwrap();
    target.write(0x47, &[9]).unwrap();
    drop(target);
    assert_eq!((two, memory[7]), ([3, 4], 9));
    let said = said.borrow();
    let expected = [
        "?",
        "Qqemu.PhyMemMode:1",
        "m42,2",
        "c",
        "interrupt",
        "M47,1:09",
        "Qqemu.PhyMemMode:0",
        "D",
    ];
    assert_eq!(*said, expected);
}

#[test]
fn a_damaged_answer_is_asked_for_again_and_not_for_ever() {
    let damaged = |times| {
        let mut left = times;
        let (fake, said) = Fake::new(move |request: &str| match request {
            "m0,1" => b"+$41#00".to_vec(),
            "-" if left > 1 => {
                left -= 1;
                b"$41#00".to_vec()
            }
            "-" => packet::encode(b"41"),
            "?" => ok("S05"),
            _ => ok("OK"),
        });
        let mut byte = [0];
        let read = Target::new(fake, SHORT).unwrap().read(0, &mut byte);
        let asked = said.borrow().iter().filter(|said| *said == "-").count();
        (read.map(|()| byte[0]).map_err(|error| error.to_string()), asked)
    };
    assert_eq!(damaged(1), (Ok(0x41), 1));
    assert_eq!(damaged(2), (Ok(0x41), 2));
    let error = "the GDB server's answer to `m0,1` arrived damaged 3 times";
    assert_eq!(damaged(3), (Err(error.to_owned()), 2));
}

#[test]
fn a_request_that_arrived_damaged_is_sent_again() {
    let mut refusals = 0;
    let (fake, said) = Fake::new(move |request: &str| match request {
        "m0,1" if refusals < 2 => {
            refusals += 1;
            b"-".to_vec()
        }
        "m0,1" => ok("41"),
        "?" => ok("S05"),
        _ => ok("OK"),
    });
    Target::new(fake, SHORT).unwrap().read(0, &mut [0]).unwrap();
    assert_eq!(said.borrow().iter().filter(|said| *said == "m0,1").count(), 3);
}

#[test]
fn servers_that_say_nothing_or_nonsense_are_told_apart() {
    let error = |answer: fn(&str) -> Vec<u8>| {
        let (fake, _) = Fake::new(answer);
        match Target::new(fake, SHORT) {
            Err(error) => error.to_string(),
            Ok(mut target) => target.read(0x10, &mut [0, 0]).unwrap_err().to_string(),
        }
    };
    assert_eq!(error(|_| vec![]), "the GDB server did not answer `?` within 20 ms");
    assert_eq!(error(|_| b"+".to_vec()), "the GDB server did not answer `?` within 20 ms");
    assert_eq!(error(|_| ok("W00")), "the target has ended (status 00)");
    assert_eq!(error(|_| ok("what")), "the GDB server answered `?` with `what`");
    let short = |request: &str| ok(if request == "?" { "S05" } else { "" });
    assert_eq!(error(short), "the GDB server answered `m10,2` with ``");
    let failed = |request: &str| match request {
        "?" => ok("S05"),
        "m10,2" => ok("E14"),
        _ => ok("OK"),
    };
    assert_eq!(error(failed), "the GDB server answered `m10,2` with `E14`");
    let refused = |request: &str| ok(if request == "?" { "S05" } else { "E01" });
    assert_eq!(error(refused), "the GDB server answered `Qqemu.PhyMemMode:1` with `E01`");
}

#[test]
fn a_target_that_ends_while_it_runs_is_noticed() {
    let (fake, _) = Fake::new(|request: &str| match request {
        "?" => ok("S05"),
        "c" => ok("W07"),
        _ => ok("OK"),
    });
    let mut target = Target::new(fake, SHORT).unwrap();
    let error = target.run(Duration::from_millis(5)).unwrap_err().to_string();
    assert_eq!(error, "the target has ended (status 07)");
}

#[test]
fn nobody_listening_is_an_error_with_the_address() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let error = Target::connect(&address, SHORT).err().unwrap().to_string();
    assert!(error.starts_with(&format!("cannot reach a GDB server at {address}: ")), "{error}");
}

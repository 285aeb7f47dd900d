//! Packets of the GDB remote protocol.
//!
//! ```text
//!   $ payload # xx        xx: sum of the bytes between $ and #, modulo 256, in hex
//!   + -                   got it; once more
//!   % payload # xx        a notification, which nobody acknowledges
//!   0x03                  stop (from the debugger, outside packets)
//!
//!   in a payload:  } x    the byte x ^ 0x20        (for # $ } *)
//!                  c * n  c again n - 29 times
//! ```
//!
//! The parser takes one byte at a time and never holds more than [`LONGEST`] of them;
//! what makes no sense is told and skipped.

/// Longest payload that is accepted, in bytes.
pub const LONGEST: usize = 64 << 10;

/// What arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The last packet arrived well.
    Ack,
    /// The last packet must be sent again.
    Nack,
    /// A packet, decoded.
    Packet(Vec<u8>),
    /// A notification, decoded.
    Notification(Vec<u8>),
    /// A packet that cannot be used: ask for it again.
    Bad(Defect),
}

/// What is wrong with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// The checksum is wrong, or no hexadecimal number.
    Checksum,
    /// It ends in the middle of an escape, or repeats nothing, or by a number that is
    /// none.
    Encoding,
    /// Longer than [`LONGEST`].
    TooLong,
    /// A new packet begins before the end of this one.
    Cut,
}

/// A packet with this payload.
#[must_use]
pub fn encode(payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![b'$'];
    for &byte in payload {
        if matches!(byte, b'#' | b'$' | b'}' | b'*') {
            packet.extend([b'}', byte ^ 0x20]);
        } else {
            packet.push(byte);
        }
    }
    let sum = packet.iter().skip(1).fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    packet.extend(format!("#{sum:02x}").into_bytes());
    packet
}

/// Bytes as hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Hexadecimal digits as bytes.
#[must_use]
pub fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |d: u8| char::from(d).to_digit(16).map(|d| d as u8);
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Outside,
    Inside,
    Check(Option<u8>),
}

/// Finds packets in a stream of bytes.
#[derive(Debug, Default)]
pub struct Parser {
    state: State,
    raw: Vec<u8>,
    notification: bool,
    overrun: bool,
}

impl Parser {
    /// Takes a byte; says what it completes.
    pub fn feed(&mut self, byte: u8) -> Option<Event> {
        match (self.state, byte) {
            (State::Outside, b'+') => Some(Event::Ack),
            (State::Outside, b'-') => Some(Event::Nack),
            (State::Outside, b'$' | b'%') => {
                self.begin(byte == b'%');
                None
            }
            // Noise on the line.
            (State::Outside, _) => None,
            (_, b'$') => {
                self.begin(false);
                Some(Event::Bad(Defect::Cut))
            }
            (State::Inside, b'#') => {
                self.state = State::Check(None);
                None
            }
            (State::Inside, byte) => {
                if self.raw.len() < LONGEST {
                    self.raw.push(byte);
                } else {
                    self.overrun = true;
                }
                None
            }
            (State::Check(None), digit) => {
                self.state = State::Check(Some(digit));
                None
            }
            (State::Check(Some(first)), second) => {
                self.state = State::Outside;
                Some(self.end(first, second))
            }
        }
    }

    fn begin(&mut self, notification: bool) {
        self.state = State::Inside;
        self.notification = notification;
        self.overrun = false;
        self.raw.clear();
    }

    fn end(&mut self, first: u8, second: u8) -> Event {
        let sum = self.raw.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        if self.overrun {
            return Event::Bad(Defect::TooLong);
        }
        if unhex(&[first, second]) != Some(vec![sum]) {
            return Event::Bad(Defect::Checksum);
        }
        match decode(&self.raw) {
            Ok(payload) if self.notification => Event::Notification(payload),
            Ok(payload) => Event::Packet(payload),
            Err(defect) => Event::Bad(defect),
        }
    }
}

/// Undoes escapes and repetitions.
fn decode(raw: &[u8]) -> Result<Vec<u8>, Defect> {
    let mut payload: Vec<u8> = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'}' => payload.push(bytes.next().ok_or(Defect::Encoding)? ^ 0x20),
            b'*' => {
                let count = bytes.next().and_then(|n| n.checked_sub(29));
                let count = count.filter(|n| (3..=97).contains(n)).ok_or(Defect::Encoding)?;
                let last = *payload.last().ok_or(Defect::Encoding)?;
                payload.extend(std::iter::repeat_n(last, usize::from(count)));
            }
            byte => payload.push(byte),
        }
        if payload.len() > LONGEST {
            return Err(Defect::TooLong);
        }
    }
    Ok(payload)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(bytes: &[u8]) -> Vec<Event> {
        let mut parser = Parser::default();
        bytes.iter().filter_map(|byte| parser.feed(*byte)).collect()
    }

    fn packet(payload: &[u8]) -> Event {
        Event::Packet(payload.to_vec())
    }

    #[test]
    fn packets_acknowledgements_and_noise() {
        assert_eq!(encode(b"m0,4"), b"$m0,4#fd");
        assert_eq!(all(b"+$OK#9a-"), [Event::Ack, packet(b"OK"), Event::Nack]);
        assert_eq!(all(b"\r\n$#00\0$OK#9A"), [packet(b""), packet(b"OK")]);
        assert_eq!(all(b"%Stop:T05#99"), [Event::Notification(b"Stop:T05".to_vec())]);
    }

    #[test]
    fn escapes_and_repetitions() {
        assert_eq!(encode(b"#$}*"), b"$}\x03}\x04}]}\x0a#62");
        assert_eq!(all(&encode(b"#$}*")), [packet(b"#$}*")]);
        assert_eq!(all(b"$0* #7a"), [packet(b"0000")]);
        for bad in ["$0*\x1f#79", "$* #4a", "$0*#5a", "$}#7d"] {
            assert_eq!(all(bad.as_bytes()), [Event::Bad(Defect::Encoding)], "{bad:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_and_the_next_packet_is_found() {
        let good = packet(b"OK");
        assert_eq!(all(b"$OK#9b$OK#9a"), [Event::Bad(Defect::Checksum), good.clone()]);
        assert_eq!(all(b"$OK#zz$OK#9a"), [Event::Bad(Defect::Checksum), good.clone()]);
        assert_eq!(all(b"$O$OK#9a"), [Event::Bad(Defect::Cut), good.clone()]);
        assert_eq!(all(b"$OK#9$OK#9a"), [Event::Bad(Defect::Cut), good.clone()]);
        let mut long = b"$".to_vec();
        long.resize(LONGEST + 2, b'a');
        long.extend(b"#00$OK#9a");
        assert_eq!(all(&long), [Event::Bad(Defect::TooLong), good.clone()]);
        // A repetition that makes much of little.
        let mut bomb = b"a*~".repeat(LONGEST / 100);
        bomb.push(b'x');
        let sum = bomb.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        let framed = [b"$".as_slice(), &bomb, format!("#{sum:02x}").as_bytes()].concat();
        assert_eq!(all(&framed), [packet(&decode(&bomb).unwrap())]);
        let bomb = b"a*~".repeat(LONGEST / 90);
        assert_eq!(decode(&bomb), Err(Defect::TooLong));
    }

    #[test]
    fn hexadecimal_comes_in_pairs() {
        assert_eq!(unhex(b"00fFa1"), Some(vec![0, 0xff, 0xa1]));
        assert_eq!((unhex(b"0"), unhex(b"0g"), unhex(b"")), (None, None, Some(vec![])));
        assert_eq!(hex(&[0, 0xff, 0xa1]), "00ffa1");
    }

    proptest! {
        #[test]
        fn any_payload_survives(payload in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(all(&encode(&payload)), [packet(&payload)]);
        }

        #[test]
        fn garbage_is_survived_and_the_packet_behind_it_found(
            garbage in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            // Two, because the garbage may leave the first one as the end of its own.
            let ok = encode(b"OK");
            let bytes = [garbage.as_slice(), &ok, &ok].concat();
            prop_assert_eq!(all(&bytes).pop(), Some(packet(b"OK")));
        }

        #[test]
        fn no_changed_bit_goes_unnoticed(
            payload in proptest::collection::vec(any::<u8>(), 1..40), at: prop::sample::Index, bit in 0..8_u8,
        ) {
            let mut bytes = encode(&payload);
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            // Upper and lower case of the checksum mean the same.
            let case = at + 2 >= bytes.len() && bit == 5;
            let found = all(&bytes);
            prop_assert!(case || !found.contains(&packet(&payload)), "{:?}", found);
        }
    }
}

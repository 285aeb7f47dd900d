//! The mailbox, byte by byte. All numbers are little-endian.
//!
//! ```text
//!   offset size  who writes  what
//!      0     8   agent       magic "exov6rpc"; zero until the rest is valid
//!      8     4   agent       version of this layout: 1
//!     12     4   agent       bytes of the data area
//!     16     4   agent       generation of the agent that wrote this
//!     20     4   agent       how often it has looked here; wraps
//!     24     4   agent       state: 1 idle, 2 calling          ┐ one store
//!     28     4   agent       highest sequence number taken      ┘
//!     32     4   agent       sequence number that the reply answers  ┐ one store,
//!     36     4   agent       outcome                                  ┘ the last
//!     40     8   agent       detail of the outcome: the server's code, for example
//!     48     8   agent       counter when the call began, in ticks
//!     56     8   agent       counter when it ended
//!     64    64   agent       reply words; unused bytes are zero
//!    128     4   agent       length of the reply in bytes, 0–64
//!    132     4   agent       CRC-32 of bytes 32–131
//!    136     4   debugger    port
//!    140     4   debugger    operation
//!    144     4   debugger    length of the message in bytes, 0–64
//!    148     4   debugger    number of leases, 0–8
//!    152    64   debugger    message words
//!    216   128   debugger    8 leases: offset in the data area, length, rights, zero
//!    344     4   debugger    sequence number                    ┐ one store, the last:
//!    348     4   debugger    CRC-32 of bytes 136–347             ┘ the bell
//!    352     –   both        data area
//! ```

use abi::limits::{MAX_LEASES, MESSAGE_BYTES, MESSAGE_WORDS};

/// Name of the mailbox in the symbol table of the agent's program.
pub const SYMBOL: &str = "EXOV6_RPC";
/// First eight bytes of a mailbox in use: `exov6rpc`.
pub const MAGIC: u64 = u64::from_le_bytes(*b"exov6rpc");
/// Version of this layout.
pub const VERSION: u32 = 1;
/// Eight-byte words before the data area.
pub const WORDS: usize = 44;
/// Offset of the data area, in bytes.
pub const DATA: usize = WORDS * 8;
/// Bytes from the start that the agent writes.
pub const STATUS_BYTES: usize = 136;
/// Offset of what the debugger writes, in bytes.
pub const REQUEST: usize = STATUS_BYTES;
/// Bytes of a request, without the bell.
pub const REQUEST_BYTES: usize = 208;
/// Offset of the bell, in bytes.
pub const BELL: usize = REQUEST + REQUEST_BYTES;
/// The agent waits for a request.
pub const IDLE: u32 = 1;
/// The agent waits for a server.
pub const CALLING: u32 = 2;

/// Positions of the words, for the agent.
pub(crate) mod word {
    pub const MAGIC: usize = 0;
    pub const VERSION: usize = 1;
    pub const LIFE: usize = 2;
    pub const STATE: usize = 3;
    pub const REPLY: usize = 4;
    pub const REPLY_END: usize = 17;
    pub const REQUEST: usize = 17;
    pub const BELL: usize = 43;
}

/// Two numbers in one word: `low` at the lower address.
pub(crate) const fn join(low: u32, high: u32) -> u64 {
    low as u64 | (high as u64) << 32
}

pub(crate) const fn low(word: u64) -> u32 {
    word as u32
}

pub(crate) const fn high(word: u64) -> u32 {
    (word >> 32) as u32
}

/// CRC-32 as in Ethernet and zip: reflected, polynomial 0xedb88320.
#[must_use]
pub fn crc32(bytes: impl IntoIterator<Item = u8>) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            let carry = crc & 1;
            crc >>= 1;
            if carry != 0 {
                crc ^= 0xedb8_8320;
            }
        }
    }
    !crc
}

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Outcome {
    /// The server replied. Detail: its code, 0 for success.
    Replied = 1,
    /// The server was restarted since the agent last dealt with it, or during the
    /// call; the operation may have been carried out.
    Dead = 2,
    /// The timeout of the agent's port passed.
    TimedOut = 3,
    /// The agent was stopped in the middle of the call: a server that refuses a message
    /// stops whoever sent it. Detail: the generation that ended.
    Stopped = 4,
    /// Another status of the kernel's. Detail: the status.
    Kernel = 5,
    /// The checksum is wrong, and was at the look before.
    Torn = 16,
    /// The sequence number is not ahead of the highest one taken. Detail: that one.
    Stale = 17,
    /// The agent has no such port. Detail: how many it has.
    NoPort = 18,
    /// The port does not permit the operation. Detail: the mask of those that it does.
    NotGranted = 19,
    /// The message is too long. Detail: the most that it can be.
    TooLong = 20,
    /// Too many leases. Detail: the most that there can be.
    TooManyLeases = 21,
    /// A lease reaches beyond the data area. Detail: which.
    LeaseRange = 22,
    /// A lease has no rights, or unknown ones. Detail: which.
    LeaseRights = 23,
    /// A field that must be zero is not. Detail: of which lease.
    Reserved = 24,
}

impl Outcome {
    /// All, in the order of their numbers.
    pub const ALL: [Outcome; 14] = [
        Outcome::Replied,
        Outcome::Dead,
        Outcome::TimedOut,
        Outcome::Stopped,
        Outcome::Kernel,
        Outcome::Torn,
        Outcome::Stale,
        Outcome::NoPort,
        Outcome::NotGranted,
        Outcome::TooLong,
        Outcome::TooManyLeases,
        Outcome::LeaseRange,
        Outcome::LeaseRights,
        Outcome::Reserved,
    ];

    /// The outcome with this number.
    #[must_use]
    pub fn from_u32(number: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| *outcome as u32 == number)
    }

    /// Whether the request itself was wrong, so that nobody was called.
    #[must_use]
    pub const fn is_refusal(self) -> bool {
        self as u32 >= Outcome::Torn as u32
    }
}

/// A piece of the data area that is lent with a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeaseRange {
    /// First byte, counted from the start of the data area.
    pub offset: u32,
    /// Length in bytes.
    pub length: u32,
    /// [`abi::syscall::LEASE_R`], [`abi::syscall::LEASE_W`] or both.
    pub rights: u32,
}

/// What a debugger asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Number of the agent's port.
    pub port: u32,
    /// Number of the operation, 1–63.
    pub operation: u32,
    /// Length of the message in bytes, 0–64.
    pub length: u32,
    /// The message; bytes beyond `length` do not count.
    pub words: [u64; MESSAGE_WORDS],
    /// Number of leases, 0–8.
    pub lease_count: u32,
    /// The leases; those beyond the number do not count.
    pub leases: [LeaseRange; MAX_LEASES],
    /// The fields of the leases that must be zero.
    pub reserved: [u32; MAX_LEASES],
}

/// Words of a request.
pub(crate) const REQUEST_WORDS: usize = REQUEST_BYTES / 8;

impl Request {
    pub(crate) fn to_words(&self) -> [u64; REQUEST_WORDS] {
        let mut words = [0; REQUEST_WORDS];
        words[0] = join(self.port, self.operation);
        words[1] = join(self.length, self.lease_count);
        words[2..10].copy_from_slice(&self.words);
        let pairs = words[10..].chunks_exact_mut(2);
        for ((pair, lease), reserved) in pairs.zip(&self.leases).zip(&self.reserved) {
            pair[0] = join(lease.offset, lease.length);
            pair[1] = join(lease.rights, *reserved);
        }
        words
    }

    pub(crate) fn from_words(words: &[u64; REQUEST_WORDS]) -> Self {
        let mut request = Request {
            port: low(words[0]),
            operation: high(words[0]),
            length: low(words[1]),
            lease_count: high(words[1]),
            ..Request::default()
        };
        request.words.copy_from_slice(&words[2..10]);
        let leases = request.leases.iter_mut().zip(&mut request.reserved);
        for (pair, (lease, reserved)) in words[10..].chunks_exact(2).zip(leases) {
            *lease =
                LeaseRange { offset: low(pair[0]), length: high(pair[0]), rights: low(pair[1]) };
            *reserved = high(pair[1]);
        }
        request
    }

    /// The bytes from offset [`REQUEST`] on. Nobody looks at them before the bell.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; REQUEST_BYTES] {
        let mut bytes = [0; REQUEST_BYTES];
        for (to, word) in bytes.chunks_exact_mut(8).zip(self.to_words()) {
            to.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// The eight bytes at offset [`BELL`], to be written last.
    #[must_use]
    pub fn bell(&self, sequence: u32) -> [u8; 8] {
        join(sequence, request_check(&self.to_words(), sequence)).to_le_bytes()
    }
}

/// Checksum of a request with its sequence number.
pub(crate) fn request_check(words: &[u64; REQUEST_WORDS], sequence: u32) -> u32 {
    crc32(words.iter().flat_map(|word| word.to_le_bytes()).chain(sequence.to_le_bytes()))
}

/// What the agent answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Sequence number of the request.
    pub answered: u32,
    /// What came of it: an [`Outcome`], or 0 if there was none yet.
    pub outcome: u32,
    /// Detail of the outcome.
    pub detail: u64,
    /// Counter when the call began, in ticks; 0 if there was no call.
    pub begun: u64,
    /// Counter when the call ended, in ticks.
    pub ended: u64,
    /// The server's words.
    pub words: [u64; MESSAGE_WORDS],
    /// Length of the reply in bytes, 0–64.
    pub length: u32,
}

impl Reply {
    pub(crate) fn to_words(self) -> [u64; word::REPLY_END - word::REPLY] {
        let mut words = [0; word::REPLY_END - word::REPLY];
        words[0] = join(self.answered, self.outcome);
        words[1] = self.detail;
        words[2] = self.begun;
        words[3] = self.ended;
        words[4..12].copy_from_slice(&self.words);
        words[12] = u64::from(self.length);
        let bytes = words.iter().flat_map(|word| word.to_le_bytes());
        words[12] = join(self.length, crc32(bytes.take(100)));
        words
    }

    /// The bytes of the reply's words.
    #[must_use]
    pub fn bytes(&self) -> [u8; MESSAGE_BYTES] {
        let mut bytes = [0; MESSAGE_BYTES];
        for (to, word) in bytes.chunks_exact_mut(8).zip(self.words) {
            to.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }
}

/// Everything that the agent writes, as a debugger sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// [`MAGIC`], or there is no agent yet.
    pub magic: u64,
    /// [`VERSION`].
    pub version: u32,
    /// Bytes of the data area.
    pub data_size: u32,
    /// Restarts of the agent.
    pub generation: u32,
    /// How often it has looked.
    pub polls: u32,
    /// [`IDLE`] or [`CALLING`].
    pub state: u32,
    /// The highest sequence number taken.
    pub taken: u32,
    /// The last reply.
    pub reply: Reply,
    /// Whether the reply's checksum is right; it is not while the reply is being written.
    pub whole: bool,
}

impl Status {
    /// Reads the first [`STATUS_BYTES`] of a mailbox.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; STATUS_BYTES]) -> Self {
        let mut words = [0; STATUS_BYTES / 8];
        for (word, from) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*from);
        }
        let mut reply = Reply {
            answered: low(words[4]),
            outcome: high(words[4]),
            detail: words[5],
            begun: words[6],
            ended: words[7],
            words: [0; MESSAGE_WORDS],
            length: low(words[16]),
        };
        reply.words.copy_from_slice(&words[8..16]);
        Status {
            magic: words[0],
            version: low(words[1]),
            data_size: high(words[1]),
            generation: low(words[2]),
            polls: high(words[2]),
            state: low(words[3]),
            taken: high(words[3]),
            whole: crc32(bytes[32..132].iter().copied()) == high(words[16]),
            reply,
        }
    }

    /// A sequence number that the agent will notice and take: ahead of the highest one
    /// taken, and neither the one answered last nor the one in the bell (`rung`).
    #[must_use]
    pub fn next_sequence(&self, rung: u32) -> u32 {
        let mut next = self.taken.wrapping_add(1);
        while next == self.reply.answered || next == rung {
            next = next.wrapping_add(1);
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_checksum_is_the_usual_one() {
        assert_eq!(crc32(*b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32([]), 0);
    }

    #[test]
    fn offsets_are_those_of_the_table() {
        assert_eq!((STATUS_BYTES, REQUEST, BELL, DATA), (136, 136, 344, 352));
        assert_eq!((word::REQUEST * 8, word::BELL * 8, word::REPLY * 8), (REQUEST, BELL, 32));
        let mut request = Request {
            port: 0x0102_0304,
            operation: 5,
            length: 6,
            lease_count: 7,
            words: [8; 8],
            ..Request::default()
        };
        request.leases[7] = LeaseRange { offset: 9, length: 10, rights: 11 };
        let bytes = request.to_bytes();
        assert_eq!(bytes[..4], [4, 3, 2, 1]);
        assert_eq!((bytes[4], bytes[8], bytes[12], bytes[16]), (5, 6, 7, 8));
        assert_eq!((bytes[192], bytes[196], bytes[200], bytes[204]), (9, 10, 11, 0));
        let check = crc32(bytes.into_iter().chain([0x2a, 0, 0, 0]));
        assert_eq!(request.bell(42)[..4], [42, 0, 0, 0]);
        assert_eq!(request.bell(42)[4..], check.to_le_bytes());
    }

    #[test]
    fn outcomes_have_their_numbers() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::from_u32(outcome as u32), Some(outcome));
        }
        assert_eq!(Outcome::from_u32(0), None);
        assert!(Outcome::Torn.is_refusal() && !Outcome::Kernel.is_refusal());
    }

    proptest! {
        #[test]
        fn a_reply_survives_the_mailbox(
            answered: u32, outcome: u32, detail: u64, begun: u64, ended: u64, words: [u64; 8],
            length: u32, flip in 32_usize..136,
        ) {
            let reply = Reply { answered, outcome, detail, begun, ended, words, length };
            let mut bytes = [0; STATUS_BYTES];
            for (to, word) in bytes[32..].chunks_exact_mut(8).zip(reply.to_words()) {
                to.copy_from_slice(&word.to_le_bytes());
            }
            let status = Status::from_bytes(&bytes);
            prop_assert!(status.whole);
            prop_assert_eq!(status.reply, reply);
            bytes[flip] ^= 0x10;
            prop_assert!(!Status::from_bytes(&bytes).whole, "byte {} does not count", flip);
        }

        #[test]
        fn the_next_number_is_one_that_the_agent_takes(
            taken: u32, answered in 0_u32..4, rung in 0_u32..4,
        ) {
            let (answered, rung) = (taken.wrapping_add(answered), taken.wrapping_add(rung));
            let mut bytes = [0; STATUS_BYTES];
            bytes[28..32].copy_from_slice(&taken.to_le_bytes());
            bytes[32..36].copy_from_slice(&answered.to_le_bytes());
            let next = Status::from_bytes(&bytes).next_sequence(rung);
            prop_assert!(next != answered && next != rung);
            prop_assert!((1..=3).contains(&next.wrapping_sub(taken)));
        }
    }
}

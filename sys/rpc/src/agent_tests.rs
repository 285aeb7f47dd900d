//! The agent against a debugger that makes every mistake, and a kernel that would notice.

use super::*;
use crate::layout::{BELL, DATA, REQUEST, STATUS_BYTES, Status};
use proptest::prelude::*;
use std::vec::Vec;

const ROOM: usize = 256;
type Box = Mailbox<ROOM>;

/// Ports 0 and 1: operations 1 and 2, and 63. Bit 0 is no operation, though it is set.
const MASKS: [u64; 2] = [0b111, 1 << 63];

/// A kernel that stops whoever misuses it.
#[derive(Default)]
struct Strict {
    calls: Vec<(u8, u64)>,
    status: u64,
    time: u64,
}

impl Kernel for Strict {
    fn now(&self) -> u64 {
        self.time
    }
    fn ports(&self) -> u32 {
        2
    }
    fn operations(&self, port: u32) -> Option<u64> {
        MASKS.get(port as usize).copied()
    }
    fn call(&mut self, call: &Call<'_>) -> Returned {
        let operation = u32::from(syscall::header_operation(call.header));
        let mask = MASKS[usize::from(call.port)];
        assert!((1..64).contains(&operation) && mask & 1 << operation != 0, "BadOperation");
        assert!(syscall::header_length(call.header) <= 64, "BadLength");
        assert!(call.header >> 40 == 0, "BadLength");
        let count = usize::from(syscall::header_leases(call.header));
        assert!(count <= 8 && count == call.leases.len(), "BadLeaseTable");
        for lease in call.leases {
            assert!((1..=3).contains(&lease.rights), "BadLeaseTable");
            let end = lease.offset as usize + lease.length as usize;
            assert!(call.data.get(lease.offset as usize..end).is_some(), "BadSlice");
        }
        self.calls.push((call.port, call.header));
        self.time += 5;
        if self.status == syscall::OK {
            Returned { status: 0, length: 16, words: call.words }
        } else {
            Returned { status: self.status, ..Returned::default() }
        }
    }
}

fn write(mailbox: &Box, at: usize, bytes: &[u8]) {
    for (offset, byte) in bytes.iter().enumerate() {
        let at = at + offset;
        match at.checked_sub(DATA) {
            Some(at) => mailbox.data[at].store(*byte, Relaxed),
            None => {
                let shift = at % 8 * 8;
                let word = mailbox.words[at / 8].load(Relaxed) & !(0xff << shift);
                mailbox.words[at / 8].store(word | u64::from(*byte) << shift, Relaxed);
            }
        }
    }
}

fn status(mailbox: &Box) -> Status {
    let mut bytes = [0; STATUS_BYTES];
    for (to, word) in bytes.chunks_exact_mut(8).zip(&mailbox.words) {
        to.copy_from_slice(&word.load(Relaxed).to_le_bytes());
    }
    Status::from_bytes(&bytes)
}

fn ring(mailbox: &Box, request: &Request, sequence: u32) {
    write(mailbox, REQUEST, &request.to_bytes());
    write(mailbox, BELL, &request.bell(sequence));
}

fn good() -> Request {
    Request { operation: 1, length: 9, words: [0x1111_1111_1111_1111; 8], ..Request::default() }
}

/// What came of a request.
fn outcome(mailbox: &Box) -> (u32, Option<Outcome>, u64) {
    let reply = status(mailbox).reply;
    (reply.answered, Outcome::from_u32(reply.outcome), reply.detail)
}

#[test]
fn a_request_is_carried_out_once() {
    let mailbox = Box::new();
    let mut kernel = Strict::default();
    let mut agent = Agent::start(&mailbox, 0);
    agent.poll(&mut kernel);
    assert_eq!((status(&mailbox).state, status(&mailbox).polls, kernel.calls.len()), (IDLE, 1, 0));
    ring(&mailbox, &good(), 1);
    for _ in 0..5 {
        agent.poll(&mut kernel);
    }
    let seen = status(&mailbox);
    assert_eq!(kernel.calls, [(0, syscall::header(1, 9, 0))]);
    assert_eq!((seen.magic, seen.version, seen.data_size), (MAGIC, VERSION, ROOM as u32));
    assert_eq!((seen.taken, seen.state, seen.polls, seen.whole), (1, IDLE, 6, true));
    assert_eq!(outcome(&mailbox), (1, Some(Outcome::Replied), 0));
    assert_eq!((seen.reply.begun, seen.reply.ended, seen.reply.length), (0, 5, 16));
    // Nine bytes of message: what lies behind them does not go along.
    assert_eq!(seen.reply.words[..3], [0x1111_1111_1111_1111, 0x11, 0]);
}

#[test]
fn statuses_of_the_kernel_are_outcomes() {
    let mailbox = Box::new();
    let mut kernel = Strict::default();
    let mut agent = Agent::start(&mailbox, 0);
    let expected = [
        (syscall::DEAD, Outcome::Dead, 0),
        (syscall::TIMEOUT, Outcome::TimedOut, 0),
        (syscall::NO_GAS, Outcome::Kernel, syscall::NO_GAS),
        (7, Outcome::Replied, 7),
    ];
    for (sequence, (status, result, detail)) in (1..).zip(expected) {
        kernel.status = status;
        ring(&mailbox, &good(), sequence);
        agent.poll(&mut kernel);
        assert_eq!(outcome(&mailbox), (sequence, Some(result), detail));
    }
}

#[test]
fn what_would_stop_the_agent_is_answered_instead() {
    let lease = |offset, length, rights| {
        let mut request = Request { lease_count: 2, ..good() };
        request.leases[0] = LeaseRange { offset: 0, length: 256, rights: 3 };
        request.leases[1] = LeaseRange { offset, length, rights };
        request
    };
    let mut reserved = lease(0, 0, 1);
    reserved.reserved[1] = 1;
    let expected = [
        (Request { port: 2, ..good() }, Outcome::NoPort, 2),
        (Request { port: 256, ..good() }, Outcome::NoPort, 2),
        (Request { operation: 0, ..good() }, Outcome::NotGranted, 7),
        (Request { operation: 3, ..good() }, Outcome::NotGranted, 7),
        (Request { operation: 64, ..good() }, Outcome::NotGranted, 7),
        (Request { operation: 65, ..good() }, Outcome::NotGranted, 7),
        (Request { operation: 0x1_0001, ..good() }, Outcome::NotGranted, 7),
        (Request { length: 65, ..good() }, Outcome::TooLong, 64),
        (Request { length: 0x1_0000, ..good() }, Outcome::TooLong, 64),
        (Request { lease_count: 9, ..good() }, Outcome::TooManyLeases, 8),
        (Request { lease_count: 0x100, ..good() }, Outcome::TooManyLeases, 8),
        (lease(0, 257, 1), Outcome::LeaseRange, 1),
        (lease(257, 0, 1), Outcome::LeaseRange, 1),
        (lease(u32::MAX, u32::MAX, 1), Outcome::LeaseRange, 1),
        (lease(0, 1, 0), Outcome::LeaseRights, 1),
        (lease(0, 1, 4), Outcome::LeaseRights, 1),
        (reserved, Outcome::Reserved, 1),
    ];
    let mailbox = Box::new();
    let mut kernel = Strict::default();
    let mut agent = Agent::start(&mailbox, 0);
    for (sequence, (request, wrong, detail)) in (1..).zip(expected) {
        ring(&mailbox, &request, sequence);
        agent.poll(&mut kernel);
        assert_eq!(outcome(&mailbox), (sequence, Some(wrong), detail), "{request:?}");
        assert_eq!(status(&mailbox).taken, sequence);
    }
    assert_eq!(kernel.calls, []);
    ring(&mailbox, &lease(256, 0, 1), 100);
    agent.poll(&mut kernel);
    assert_eq!(kernel.calls.len(), 1, "an empty lease at the end is none beyond it");
}

#[test]
fn a_request_that_is_being_written_gets_a_second_look() {
    let mailbox = Box::new();
    let mut kernel = Strict::default();
    let mut agent = Agent::start(&mailbox, 0);
    // The bell first, which is the wrong order.
    write(&mailbox, BELL, &good().bell(1));
    agent.poll(&mut kernel);
    assert_eq!(outcome(&mailbox), (0, None, 0));
    write(&mailbox, REQUEST, &good().to_bytes());
    agent.poll(&mut kernel);
    assert_eq!(outcome(&mailbox), (1, Some(Outcome::Replied), 0));
    // One that stays as it is.
    write(&mailbox, BELL, &good().bell(2)[..4]);
    agent.poll(&mut kernel);
    assert_eq!(outcome(&mailbox).0, 1);
    agent.poll(&mut kernel);
    assert_eq!(outcome(&mailbox), (2, Some(Outcome::Torn), 0));
    assert_eq!((status(&mailbox).taken, kernel.calls.len()), (1, 1));
    // Its number is still free: nothing was done under it.
    let next = status(&mailbox).next_sequence(2);
    assert_eq!(next, 3);
    ring(&mailbox, &good(), next);
    agent.poll(&mut kernel);
    assert_eq!(outcome(&mailbox), (3, Some(Outcome::Replied), 0));
}

#[test]
fn an_old_number_is_stale_also_when_it_comes_again() {
    let mailbox = Box::new();
    let mut kernel = Strict::default();
    let mut agent = Agent::start(&mailbox, 0);
    ring(&mailbox, &good(), 5);
    agent.poll(&mut kernel);
    for old in [4, 5, 0, 5, 5_u32.wrapping_add(1 << 31)] {
        ring(&mailbox, &good(), old);
        agent.poll(&mut kernel);
        assert_eq!(outcome(&mailbox), (old, Some(Outcome::Stale), 5));
    }
    assert_eq!(kernel.calls.len(), 1);
    ring(&mailbox, &good(), 6);
    agent.poll(&mut kernel);
    assert_eq!(kernel.calls.len(), 2);
}

#[test]
fn numbers_wrap() {
    let mailbox = Box::new();
    let mut kernel = Strict::default();
    let mut agent = Agent::start(&mailbox, 0);
    for sequence in [i32::MAX as u32, u32::MAX - 1, u32::MAX, 0, 1] {
        ring(&mailbox, &good(), sequence);
        agent.poll(&mut kernel);
        assert_eq!(outcome(&mailbox), (sequence, Some(Outcome::Replied), 0));
    }
}

/// A kernel that stops the agent in the call: that never comes back.
struct Stops;

impl Kernel for Stops {
    fn now(&self) -> u64 {
        1
    }
    fn ports(&self) -> u32 {
        2
    }
    fn operations(&self, port: u32) -> Option<u64> {
        MASKS.get(port as usize).copied()
    }
    fn call(&mut self, _: &Call<'_>) -> Returned {
        std::panic::panic_any(())
    }
}

#[test]
fn a_call_that_stopped_the_agent_is_told_and_not_repeated() {
    let mailbox = Box::new();
    let mut kernel = Strict::default();
    let mut agent = Agent::start(&mailbox, 0);
    ring(&mailbox, &good(), 1);
    agent.poll(&mut kernel);
    ring(&mailbox, &good(), 2);
    let stopped = std::panic::AssertUnwindSafe(|| agent.poll(&mut Stops));
    std::panic::catch_unwind(stopped).unwrap_err();
    assert_eq!((status(&mailbox).state, status(&mailbox).reply.answered), (CALLING, 1));
    let mut next = Agent::start(&mailbox, 1);
    assert_eq!(outcome(&mailbox), (2, Some(Outcome::Stopped), 0));
    assert!(status(&mailbox).whole);
    assert_eq!((status(&mailbox).state, status(&mailbox).generation), (IDLE, 1));
    next.poll(&mut kernel);
    assert_eq!(kernel.calls.len(), 1, "not once more");
    ring(&mailbox, &good(), 3);
    next.poll(&mut kernel);
    assert_eq!(outcome(&mailbox), (3, Some(Outcome::Replied), 0));
}

#[test]
fn a_restart_between_calls_changes_nothing() {
    let mailbox = Box::new();
    let mut kernel = Strict::default();
    ring(&mailbox, &good(), 9);
    Agent::start(&mailbox, 0).poll(&mut kernel);
    assert_eq!(outcome(&mailbox), (0, None, 0), "a boot forgets what was there");
    ring(&mailbox, &good(), 1);
    let mut second = Agent::start(&mailbox, 1);
    second.poll(&mut kernel);
    assert_eq!(outcome(&mailbox), (1, Some(Outcome::Replied), 0), "asked between two lives");
    let mut third = Agent::start(&mailbox, 2);
    third.poll(&mut kernel);
    assert_eq!((outcome(&mailbox).0, kernel.calls.len()), (1, 1));
    assert_eq!((status(&mailbox).generation, status(&mailbox).polls), (2, 3));
    let mut boot = Agent::start(&mailbox, 0);
    boot.poll(&mut kernel);
    assert_eq!((outcome(&mailbox), status(&mailbox).taken), ((0, None, 0), 0), "all is new");
    assert_eq!((status(&mailbox).polls, kernel.calls.len()), (1, 1));
}

#[test]
fn an_agent_stopped_right_after_its_answer_has_answered() {
    let mailbox = Box::new();
    let mut kernel = Strict::default();
    ring(&mailbox, &good(), 1);
    let mut agent = Agent::start(&mailbox, 0);
    ring(&mailbox, &good(), 1);
    agent.poll(&mut kernel);
    mailbox.words[word::STATE].store(join(CALLING, 1), Relaxed);
    let _ = Agent::start(&mailbox, 1);
    assert_eq!(outcome(&mailbox), (1, Some(Outcome::Replied), 0));
    assert_eq!((status(&mailbox).state, status(&mailbox).taken), (IDLE, 1));
}

#[test]
fn memory_that_is_no_mailbox_becomes_one() {
    let mailbox = Box::new();
    for word in &mailbox.words {
        word.store(0x5555_5555_5555_5555, Relaxed);
    }
    let mut agent = Agent::start(&mailbox, 3);
    assert_eq!((status(&mailbox).magic, status(&mailbox).taken), (MAGIC, 0));
    agent.poll(&mut Strict::default());
    assert_eq!(outcome(&mailbox), (0, None, 0));
}

fn anything() -> impl Strategy<Value = Request> {
    let small = prop_oneof![0_u32..70, any::<u32>()];
    let range = (prop_oneof![0_u32..300, any::<u32>()], prop_oneof![0_u32..300, any::<u32>()]);
    let lease = (range, 0_u32..6).prop_map(|((offset, length), rights)| LeaseRange {
        offset,
        length,
        rights,
    });
    let count = prop_oneof![0_u32..12, any::<u32>()];
    (0_u32..4, small.clone(), small, any::<[u64; 8]>(), count, proptest::array::uniform8(lease))
        .prop_map(|(port, operation, length, words, lease_count, leases)| Request {
            port,
            operation,
            length,
            words,
            lease_count,
            leases,
            reserved: [0; 8],
        })
}

proptest! {
    #[test]
    fn whatever_is_asked_gets_one_answer_and_no_misuse(
        requests in proptest::collection::vec((anything(), 0_u32..8, any::<bool>()), 1..20)
    ) {
        let mailbox = Box::new();
        let mut kernel = Strict::default();
        let mut agent = Agent::start(&mailbox, 0);
        let mut life = 0;
        for (request, skip, restart) in requests {
            let sequence = status(&mailbox).next_sequence(skip);
            ring(&mailbox, &request, sequence);
            let before = kernel.calls.len();
            for _ in 0..3 {
                agent.poll(&mut kernel);
            }
            let (answered, outcome, _) = outcome(&mailbox);
            prop_assert_eq!(answered, sequence);
            let called = kernel.calls.len() - before;
            prop_assert_eq!(called, usize::from(outcome == Some(Outcome::Replied)));
            if restart {
                life += 1;
                agent = Agent::start(&mailbox, life);
            }
        }
    }

    #[test]
    fn whatever_bytes_are_there_are_no_request_by_accident(
        bytes in proptest::collection::vec(any::<u8>(), DATA - REQUEST)
    ) {
        let mailbox = Box::new();
        let mut kernel = Strict::default();
        let mut agent = Agent::start(&mailbox, 0);
        write(&mailbox, REQUEST, &bytes);
        let rung = u32::from_le_bytes([bytes[208], bytes[209], bytes[210], bytes[211]]);
        for _ in 0..4 {
            agent.poll(&mut kernel);
        }
        prop_assert_eq!(kernel.calls.len(), 0);
        if rung != 0 {
            prop_assert_eq!(outcome(&mailbox), (rung, Some(Outcome::Torn), 0));
        }
    }
}

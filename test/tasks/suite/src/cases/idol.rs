//! Idol: generated clients and servers, against each other and against senders that do not
//! keep to the interface.

use crate::check::{check, check_eq};
use crate::idl::every::counters::EXOV6_IDOL_CLIENT_EVERY;
use crate::idl::every::{Every, operations as op};
use crate::stage::{Stage, check_fault, number, puppet_ports};
use crate::{ports, tasks};
use abi::fault::{Fault, FaultKind, Reason};
use abi::syscall::{self, LEASE_R, LEASE_W};
use exov6_test_suite::Command;
use exov6_test_suite::command::Place;
use exov6_test_suite::every::{Color, EveryError, Pair, Refused, Shape, level_from_raw};
use idol_runtime::ServerDeath;
use idol_runtime::counters::Column;
use userlib::kernel;

const VICTIM: u32 = tasks::VICTIM;
const EVERY: Every = Every::new(ports::EVERY);

/// Makes the victim send bytes with these leases (address, length and rights) and checks
/// what the server stopped it for; the server goes on.
#[track_caller]
fn refused(
    stage: &mut Stage,
    operation: u16,
    message: (u64, u16),
    leases: &[(u64, u32, u32)],
    reason: Reason,
) {
    let table = stage.place(VICTIM, Place::Buffer);
    for ((offset, length, rights), at) in leases.iter().zip(0..) {
        let entry = [table + 0x1000 + offset, u64::from(*length) | u64::from(*rights) << 32];
        stage.poke(VICTIM, table + at * 16, &entry);
    }
    let (word, length) = message;
    let [port, header] = number(puppet_ports::EVERY, operation, length, leases.len() as u8);
    stage.prepare(VICTIM, &[word, 0, 0, 0, 0, 0, 0, 0], &[port, header, table]);
    let status = stage.faults(VICTIM, Command::Trap { number: u64::from(syscall::CALL) });
    let expected = Fault {
        who: tasks::EVERY as u8,
        reason: reason as u8,
        ..Fault::new(FaultKind::FromServer, 0)
    };
    check_fault(&status, expected);
    stage.restart(VICTIM);
    check_eq!(kernel::status(tasks::EVERY).generation, 0, "the server is not to blame");
    check_eq!(EVERY.echo_u16(0x1234), 0x1234);
}

/// Checks that an operation gives back each of these values.
macro_rules! each {
    ($operation:ident: $($value:expr),* $(,)?) => {
        $( check_eq!(EVERY.$operation($value), $value); )*
    };
}

pub fn idol_every_type(_: &mut Stage) {
    each!(echo_u8: 0, 1, u8::MAX);
    each!(echo_u16: 0, 0x0102, u16::MAX);
    each!(echo_u32: 0, 0x0102_0304, u32::MAX);
    each!(echo_u64: 0, 0x0102_0304_0506_0708, u64::MAX);
    each!(echo_u128: 0, 0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10, u128::MAX);
    each!(echo_i8: 0, -1, i8::MIN, i8::MAX);
    each!(echo_i16: 0, -1, i16::MIN, i16::MAX);
    each!(echo_i32: 0, -1, i32::MIN, i32::MAX);
    each!(echo_i64: 0, -1, i64::MIN, i64::MAX);
    each!(echo_i128: 0, -1, i128::MIN, i128::MAX);
    each!(echo_bool: false, true);
    each!(echo_char: '\0', 'ü', char::MAX);
    // As bits: what no number equals has to arrive as well.
    for bits in [0, 1 << 31, 1, 0x7f7f_ffff, 0x7f80_0000, 0xff80_0000, 0x7fc0_0001] {
        check_eq!(EVERY.echo_f32(f32::from_bits(bits)).to_bits(), bits);
    }
    for bits in [0, 1 << 63, 1, 0x7fef_ffff_ffff_ffff, 0x7ff0_0000_0000_0000, 0xfff8_0000_0000_0001]
    {
        check_eq!(EVERY.echo_f64(f64::from_bits(bits)).to_bits(), bits);
    }
    each!(echo_array: [0; 5], [i16::MIN, -1, 0, 1, i16::MAX]);
    each!(echo_color: Color::Red, Color::Green, Color::Blue);
    each!(echo_pair: Pair { first: 0, second: i64::MIN }, Pair { first: u64::MAX, second: 5 });
    EVERY.nothing();

    let mixed = EVERY.mixed(1, 0x1122_3344_5566_7788, true, -2, 'A', 1.0, Color::Green);
    let expected = [
        1, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 1, 0xfe, 0xff, b'A', 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0xf0, 0x3f, 7,
    ];
    check_eq!(mixed, Ok(expected));
    check_eq!(EVERY.fail(0), Ok(3));
    check_eq!(EVERY.fail(1), Err(EveryError::Low));
    check_eq!(EVERY.fail(0x7fff_ffff), Err(EveryError::High));
    check_eq!(EVERY.fail(9), Err(EveryError::ServerDied));
    check_eq!(kernel::status(tasks::EVERY).generation, 0);
}

pub fn idol_bool_enum_invalid(stage: &mut Stage) {
    let contents = Reason::BadMessageContents;
    for value in [2, 0x80, 0xff] {
        refused(stage, op::ECHO_BOOL, (value, 1), &[], contents);
    }
    for value in [1, 6, 8, 254] {
        refused(stage, op::ECHO_COLOR, (value, 1), &[], contents);
    }
    for value in [0xd800, 0xdfff, 0x11_0000, 0xffff_ffff] {
        refused(stage, op::ECHO_CHAR, (value, 4), &[], contents);
    }
}

pub fn idol_wrong_size(stage: &mut Stage) {
    let size = Reason::BadMessageSize;
    for (operation, right) in [
        (op::ECHO_U8, 1),
        (op::ECHO_U64, 8),
        (op::ECHO_U128, 16),
        (op::NOTHING, 0),
        (op::MIXED, 25),
    ] {
        for length in [0, 1, 7, 8, 9, 15, 16, 17, 24, 26, 63, 64] {
            if length != right {
                refused(stage, operation, (0, length), &[], size);
            }
        }
    }
}

pub fn idol_lease_count(stage: &mut Stage) {
    let from = (0, 8, LEASE_R);
    let into = (64, 8, LEASE_W);
    let right = (0, 4);
    // Missing, surplus, in the wrong order, and with rights that are not the declared.
    for leases in [
        &[][..],
        &[from],
        &[from, into, from],
        &[into, from],
        &[(0, 8, LEASE_W), into],
        &[from, (64, 8, LEASE_R)],
    ] {
        refused(stage, op::COPY, right, leases, Reason::BadLeases);
    }
    refused(stage, op::ECHO_U8, (0, 1), &[from], Reason::BadLeases);
    refused(stage, op::LARGE, (0, 0), &[], Reason::BadLeases);
}

pub fn idol_lease_limit(stage: &mut Stage) {
    for length in [25, 26, 100, 4096] {
        let leases = [(0, length, LEASE_R), (0, 8, LEASE_W)];
        refused(stage, op::COPY, (0, 4), &leases, Reason::LeaseTooLong);
    }
    let mut into = [0xee; 40];
    let from: [u8; 24] = core::array::from_fn(|at| at as u8 + 1);
    check_eq!(EVERY.copy(0, &from, &mut into), Ok(24));
    check!(into[..24] == from && into[24..] == [0xee; 16]);
    check_eq!(EVERY.copy(20, &from, &mut into), Ok(4));
    check_eq!(into[..5], [21, 22, 23, 24, 5]);
    check_eq!(EVERY.copy(24, &from, &mut into), Ok(0));
    check_eq!(EVERY.copy(0, &from, &mut into[..2]), Ok(2));
    check_eq!(EVERY.copy(0, &[], &mut []), Ok(0));
}

pub fn idol_large(stage: &mut Stage) {
    let data: [u8; 150] = core::array::from_fn(|at| (at * 7) as u8);
    let answer = EVERY.large(data);
    for (at, byte) in answer.into_iter().enumerate() {
        let expected = data.get(at).map_or(150, |byte| byte.wrapping_add(1));
        check_eq!(byte, expected, "byte {}", at);
    }
    // By hand: hidden leases that are too short or too long.
    for (args, reply) in [(149, 151), (151, 151), (150, 150), (150, 152), (0, 0)] {
        let leases = [(0, args, LEASE_R), (512, reply, LEASE_W)];
        refused(stage, op::LARGE, (0, 0), &leases, Reason::BadMessageSize);
    }
}

pub fn idol_unknown_op(stage: &mut Stage) {
    // The build grants what the interface has: the kernel knows no other number.
    for operation in [op::DIE_PLAINLY + 1, 63, 0] {
        let [port, header] = number(puppet_ports::EVERY, operation, 0, 0);
        let fault = Fault::new(FaultKind::BadOperation, u64::from(operation));
        stage.trap_faults(VICTIM, syscall::CALL, &[port, header], fault);
    }
    check_eq!(kernel::status(tasks::EVERY).generation, 0);
    EVERY.nothing();
}

pub fn idol_idempotent_retry(_: &mut Stage) {
    // Dead in the middle of the call: the client does not notice, the server is new.
    check_eq!(EVERY.die_repeatable(1), 1);
    check_eq!(kernel::status(tasks::EVERY).generation, 1);
    // Several times in one call.
    check_eq!(EVERY.die_repeatable(4), 4);
    // Between two calls.
    kernel::restart(tasks::EVERY);
    check_eq!(EVERY.echo_u64(77), 77);
    check_eq!(EVERY.die_repeatable(0), 5);
}

pub fn idol_server_death(_: &mut Stage) {
    check_eq!(EVERY.die(1), Err(EveryError::ServerDied));
    check_eq!(EVERY.die(1), Ok(1));
    check_eq!(EVERY.die_plainly(2), Err(ServerDeath::Restarted));
    check_eq!(EVERY.die_plainly(2), Ok(2));
    // Between two calls: that one was not carried out, and says so.
    kernel::restart(tasks::EVERY);
    check_eq!(EVERY.die(0), Err(EveryError::ServerDied));
    check_eq!(EVERY.die(0), Ok(3));
}

const BOX: Shape = Shape::Rectangle { width: u8::MAX, height: u64::MAX };

pub fn idol_encodings(_: &mut Stage) {
    for shape in [Shape::Point, Shape::Circle(0), Shape::Circle(u16::MAX), BOX] {
        for letter in [None, Some('\0'), Some('ü'), Some(char::MAX)] {
            check_eq!(EVERY.shape(shape, letter), (letter, shape));
        }
    }
    // Lent, and each time as long as it is.
    let mut shapes = [None; 12];
    check_eq!(EVERY.shapes(shapes), (shapes, Err(u128::MAX)));
    for at in 0..shapes.len() {
        shapes[at] = Some(if at % 2 == 0 { BOX } else { Shape::Circle(at as u16) });
        let mut backwards = shapes;
        backwards.reverse();
        check_eq!(EVERY.shapes(shapes), (backwards, Ok(at as u64 + 1)));
    }
}

pub fn idol_encodings_invalid(stage: &mut Stage) {
    let contents = Reason::BadMessageContents;
    // A variant, a flag and a letter that are none; too short; too long.
    for (word, length) in [
        (0x0003, 2),
        (0x0200, 2),
        (0x80_0100, 3),
        (0xa0ed_0100, 5),
        (0, 1),
        (0, 0),
        (0, 3),
        (0x0001, 3),
    ] {
        refused(stage, op::SHAPE, (word, length), &[], contents);
    }
    // Longer than any shape and letter are.
    for length in [16, 64] {
        refused(stage, op::SHAPE, (0, length), &[], Reason::BadMessageSize);
    }
    // By hand: lent arguments that end too early, go on too long, or are too long.
    for (args, reply, reason) in [
        (11, 149, contents),
        (13, 149, contents),
        (0, 149, contents),
        (133, 149, Reason::BadMessageSize),
        (12, 148, Reason::BadMessageSize),
        (12, 150, Reason::BadMessageSize),
    ] {
        let lent = stage.place(VICTIM, Place::Buffer) + 0x1000;
        stage.poke(VICTIM, lent, &[0; 17]);
        let leases = [(0, args, LEASE_R), (512, reply, LEASE_W)];
        refused(stage, op::SHAPES, (0, 0), &leases, reason);
    }
}

pub fn idol_complex(_: &mut Stage) {
    check_eq!(EVERY.refuse(None), Ok(u16::MAX));
    for shape in [Shape::Point, Shape::Circle(7), BOX] {
        check_eq!(EVERY.refuse(Some(shape)), Err(Refused::Shape(shape)));
    }
    kernel::restart(tasks::EVERY);
    check_eq!(EVERY.refuse(None), Err(Refused::Dead(ServerDeath::Restarted)));
    check_eq!(EVERY.refuse(None), Ok(u16::MAX));
}

pub fn idol_receive(stage: &mut Stage) {
    for raw in [0, 1, 999, 1000] {
        let Some(level) = level_from_raw(raw) else { continue };
        check_eq!(EVERY.receive(Color::Blue, level), level);
    }
    let contents = Reason::BadMessageContents;
    // Colors are 0, 7 and 255; levels end at 1000.
    for word in [0x01, 0x06, 0x08, 0xfe, 1001 << 8, 0xffff << 8] {
        refused(stage, op::RECEIVE, (word, 3), &[], contents);
    }
}

pub fn idol_counters(stage: &mut Stage) {
    let own = |number: u16| {
        let counts = EXOV6_IDOL_CLIENT_EVERY.operation(number);
        let row = [Column::Ok, Column::Err, Column::Lost];
        row.map(|column| counts.map_or(u32::MAX, |counts| counts.get(column)))
    };
    // Another client is stopped: it and the operation are counted, this client is not.
    let [[_, _, refused], [_, _, own_refused]] = EVERY.counted(op::FAIL);
    let table = stage.place(VICTIM, Place::Buffer);
    let [port, header] = number(puppet_ports::EVERY, op::FAIL, 5, 0);
    stage.prepare(VICTIM, &[0; 8], &[port, header, table]);
    let _ = stage.faults(VICTIM, Command::Trap { number: u64::from(syscall::CALL) });
    stage.restart(VICTIM);
    let [[_, _, refused_now], [_, _, own_refused_now]] = EVERY.counted(op::FAIL);
    check_eq!([refused_now, own_refused_now], [refused + 1, own_refused]);
    // The server's begin with its life, the client's go on.
    kernel::restart(tasks::EVERY);
    EVERY.nothing();
    let before = own(op::FAIL);
    for code in [0, 1, 0, 0] {
        let _ = EVERY.fail(code);
    }
    let [ok, err, dead] = before;
    check_eq!(own(op::FAIL), [ok + 3, err + 1, dead]);
    check_eq!(EVERY.counted(op::FAIL), [[3, 1, 0], [4, 1, 0]]);
    // A call that finds the server restarted counts as dead, and again when repeated.
    let [ok, err, dead] = own(op::NOTHING);
    kernel::restart(tasks::EVERY);
    EVERY.nothing();
    check_eq!(own(op::NOTHING), [ok + 1, err, dead + 1]);
}

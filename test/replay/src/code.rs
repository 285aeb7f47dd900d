//! Code: steps as words, which is how the target gets them.
//!
//! ```text
//!   boot-info page: BootInfo │ magic │ first word of each task … │ words of task 0 │ …
//!   a step:  kind │ number << 8 │ line << 24 │ mask << 40 │ lends << 56
//!            tags, 4 bits each │ a word for each bit of the mask │ 2 words a lend
//! ```
//! Bits 0–7 of the mask are message words, 8–12 arguments. A list ends with a zero word.

use crate::step::{Act, EXCEPTIONS, Lend, MAX_LENDS, Place, Value};

/// First word: "xv6rply1" as bytes.
pub const MAGIC: u64 = u64::from_le_bytes(*b"xv6rply1");
/// Where the words begin in the page, in bytes.
pub const OFFSET: usize = size_of::<abi::boot::BootInfo>();
/// Words that fit.
pub const ROOM: usize = (abi::limits::PAGE as usize - OFFSET) / 8;

const CALL: u64 = 1;
const READ: u64 = 2;
const WRITE: u64 = 3;
const EXECUTE: u64 = 4;
const EXCEPT: u64 = 5;
const WORK: u64 = 6;

fn tagged(value: Value) -> (u64, u64) {
    match value {
        Value::Number(number) => (0, number),
        Value::At(place, offset) => (place as u64, offset as u64),
        Value::After(microseconds) => (15, microseconds),
        // The same everywhere.
        value @ (Value::Handle(..) | Value::Header(..)) => (0, value.resolve(|_| 0, |_| 0)),
    }
}

fn untagged(tag: u64, word: u64) -> Value {
    match (tag, Place::ALL.iter().find(|(place, _)| *place as u64 == tag)) {
        (_, Some((place, _))) => Value::At(*place, word as i64),
        (15, _) => Value::After(word),
        _ => Value::Number(word),
    }
}

/// A step as words, handed out one by one.
pub fn encode(line: u16, act: &Act, mut put: impl FnMut(u64)) {
    let head = |kind, number: u64, mask: u64, lends: u64| {
        kind | number << 8 | u64::from(line) << 24 | mask << 40 | lends << 56
    };
    let mut one = |kind, number, value| {
        let (tag, word) = tagged(value);
        put(head(kind, number, 1, 0));
        put(tag);
        put(word);
    };
    match *act {
        Act::Read(at) => one(READ, 0, at),
        Act::Write(at, byte) => one(WRITE, u64::from(byte), at),
        Act::Execute(at) => one(EXECUTE, 0, at),
        Act::Except(kind) => one(EXCEPT, kind as u64, Value::Number(0)),
        Act::Work(until) => one(WORK, 0, Value::Number(until)),
        Act::Call { number, words, arguments, lends } => {
            let all = words.into_iter().map(Value::Number).chain(arguments);
            let (mut mask, mut tags) = (0, 0);
            for (at, value) in all.clone().enumerate().filter(|(_, value)| !value.is_zero()) {
                mask |= 1 << at;
                tags |= tagged(value).0 << (4 * at);
            }
            let count = lends.iter().flatten().count() as u64;
            put(head(CALL, u64::from(number), mask, count));
            put(tags);
            all.filter(|value| !value.is_zero()).for_each(|value| put(tagged(value).1));
            for Lend { address, length, rights } in lends.into_iter().flatten() {
                let (tag, word) = tagged(address);
                put(word);
                put(u64::from(length) | u64::from(rights & 0x0fff_ffff) << 32 | tag << 60);
            }
        }
    }
}

/// The step at the start of these words: line, act, and how many words it took. `None`
/// at the end of a list, or if the words are no step.
#[must_use]
pub fn decode(words: &[u64]) -> Option<(u16, Act, usize)> {
    let head = *words.first()?;
    let (kind, number) = (head & 0xff, head >> 8 & 0xffff);
    let (line, mask, count) = ((head >> 24) as u16, head >> 40 & 0xffff, head >> 56);
    let tags = *words.get(1)?;
    let mut used = 2;
    let mut values = [Value::Number(0); 13];
    for (at, value) in values.iter_mut().enumerate() {
        if mask & 1 << at != 0 {
            *value = untagged(tags >> (4 * at) & 15, *words.get(used)?);
            used += 1;
        }
    }
    let act = match kind {
        READ => Act::Read(values[0]),
        WRITE => Act::Write(values[0], number as u8),
        EXECUTE => Act::Execute(values[0]),
        EXCEPT => Act::Except(EXCEPTIONS.iter().find(|(k, _)| *k as u64 == number)?.0),
        WORK => Act::Work(values[0].resolve(|_| 0, |_| 0)),
        CALL => {
            let mut lends = [None; MAX_LENDS];
            for lend in lends.iter_mut().take(count as usize) {
                let (word, rest) = (*words.get(used)?, *words.get(used + 1)?);
                used += 2;
                *lend = Some(Lend {
                    address: untagged(rest >> 60, word),
                    length: rest as u32,
                    rights: (rest >> 32 & 0x0fff_ffff) as u32,
                });
            }
            let words = core::array::from_fn(|at| values[at].resolve(|_| 0, |_| 0));
            let arguments = core::array::from_fn(|at| values[8 + at]);
            Act::Call { number: number as u16, words, arguments, lends }
        }
        _ => return None,
    };
    Some((line, act, used))
}

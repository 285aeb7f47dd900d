//! test-every: serves the interface `every` with generated code, as any server does.
#![no_std]
#![no_main]
#![deny(unsafe_code)]

userlib::task!();
userlib::entry!(main);

use exov6_test_suite::every::{Color, EveryError, Level, Pair, Refused, Shape};
use idl::every::EveryServer;
use idl::every::counters::EXOV6_IDOL_SERVER_EVERY as COUNTERS;
use idol_runtime::counters::{Column, Counts};
use idol_runtime::{Leased, Message, OpError, R, RequestError, W};
use zerocopy::IntoBytes;

struct Server;

/// Dies as long as this life is not the one asked for.
fn live(generation: u32) -> u32 {
    assert!(userlib::generation() >= generation, "asked to");
    userlib::generation()
}

fn row(counts: Option<&Counts>) -> [u32; 3] {
    counts.map_or([u32::MAX; 3], |counts| {
        [Column::Ok, Column::Err, Column::Lost].map(|column| counts.get(column))
    })
}

impl EveryServer for Server {
    fn echo_u8(&mut self, _: &Message, value: u8) -> u8 {
        value
    }

    fn echo_u16(&mut self, _: &Message, value: u16) -> u16 {
        value
    }

    fn echo_u32(&mut self, _: &Message, value: u32) -> u32 {
        value
    }

    fn echo_u64(&mut self, _: &Message, value: u64) -> u64 {
        value
    }

    fn echo_u128(&mut self, _: &Message, value: u128) -> u128 {
        value
    }

    fn echo_i8(&mut self, _: &Message, value: i8) -> i8 {
        value
    }

    fn echo_i16(&mut self, _: &Message, value: i16) -> i16 {
        value
    }

    fn echo_i32(&mut self, _: &Message, value: i32) -> i32 {
        value
    }

    fn echo_i64(&mut self, _: &Message, value: i64) -> i64 {
        value
    }

    fn echo_i128(&mut self, _: &Message, value: i128) -> i128 {
        value
    }

    fn echo_bool(&mut self, _: &Message, value: bool) -> bool {
        value
    }

    fn echo_char(&mut self, _: &Message, value: char) -> char {
        value
    }

    fn echo_f32(&mut self, _: &Message, value: f32) -> f32 {
        value
    }

    fn echo_f64(&mut self, _: &Message, value: f64) -> f64 {
        value
    }

    fn echo_array(&mut self, _: &Message, value: [i16; 5]) -> [i16; 5] {
        value
    }

    fn echo_color(&mut self, _: &Message, value: Color) -> Color {
        value
    }

    fn echo_pair(&mut self, _: &Message, value: Pair) -> Pair {
        value
    }

    fn nothing(&mut self, _: &Message) {}

    fn mixed(
        &mut self,
        _: &Message,
        a: u8,
        b: u64,
        c: bool,
        d: i16,
        e: char,
        f: f64,
        g: Color,
    ) -> Result<[u8; 25], EveryError> {
        let parts: [&[u8]; 7] = [
            a.as_bytes(),
            b.as_bytes(),
            c.as_bytes(),
            d.as_bytes(),
            e.as_bytes(),
            f.as_bytes(),
            g.as_bytes(),
        ];
        let mut all = [0; 25];
        for (to, from) in all.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        Ok(all)
    }

    fn fail(&mut self, _: &Message, code: u32) -> Result<u8, EveryError> {
        EveryError::from_code(code).map_or(Ok(3), Err)
    }

    fn large(&mut self, _: &Message, data: [u8; 150]) -> [u8; 151] {
        let mut answer = [150; 151];
        for (to, from) in answer.iter_mut().zip(data) {
            *to = from.wrapping_add(1);
        }
        answer
    }

    fn shape(&mut self, _: &Message, shape: Shape, letter: Option<char>) -> (Option<char>, Shape) {
        (letter, shape)
    }

    fn shapes(
        &mut self,
        _: &Message,
        mut shapes: [Option<Shape>; 12],
    ) -> ([Option<Shape>; 12], Result<u64, u128>) {
        shapes.reverse();
        let count = shapes.iter().flatten().count();
        (shapes, if count == 0 { Err(u128::MAX) } else { Ok(count as u64) })
    }

    fn refuse(&mut self, _: &Message, shape: Option<Shape>) -> Result<u16, Refused> {
        shape.map_or(Ok(u16::MAX), |shape| Err(Refused::Shape(shape)))
    }

    fn receive(&mut self, _: &Message, color: Color, level: Level) -> Level {
        assert!(color != Color::Green, "the suite never sends it");
        level
    }

    fn counted(&mut self, message: &Message, operation: u16) -> [[u32; 3]; 2] {
        let client = COUNTERS.client(message.caller.index as usize);
        [row(COUNTERS.operation(operation)), row(client)]
    }

    fn copy(
        &mut self,
        _: &Message,
        skip: u32,
        from: Leased<R, [u8]>,
        into: Leased<W, [u8]>,
    ) -> Result<u32, RequestError<EveryError>> {
        let mut piece = [0; 24];
        let count = from.read_at(skip as usize, &mut piece)?;
        let count = into.write_at(0, &piece[..count])?;
        Ok(count as u32)
    }

    fn die_repeatable(&mut self, _: &Message, generation: u32) -> u32 {
        live(generation)
    }

    fn die(&mut self, _: &Message, generation: u32) -> Result<u32, EveryError> {
        Ok(live(generation))
    }

    fn die_plainly(&mut self, _: &Message, generation: u32) -> u32 {
        live(generation)
    }
}

fn main() -> ! {
    idl::every::serve(&mut Server)
}

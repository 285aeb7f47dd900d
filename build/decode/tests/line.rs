//! The splitter against lines of every kind.

use exov6_decode::line::{Piece, Splitter};
use exov6_log::line::Frame;
use proptest::prelude::*;

const TASKS: usize = 9;

fn split(chunks: &[&[u8]]) -> Vec<Piece> {
    let mut splitter = Splitter::new(TASKS);
    let mut pieces: Vec<Piece> = chunks.iter().flat_map(|c| splitter.feed(c)).collect();
    pieces.extend(splitter.finish());
    merged(pieces)
}

/// Neighbouring text put together: where it is cut means nothing.
fn merged(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut out: Vec<Piece> = vec![];
    for piece in pieces {
        match (out.last_mut(), piece) {
            (Some(Piece::Text(text)), Piece::Text(more)) => text.extend(more),
            (_, piece) => out.push(piece),
        }
    }
    out
}

fn wire(piece: &Piece) -> Vec<u8> {
    match piece {
        Piece::Text(text) => text.clone(),
        Piece::Frame { kind, body } => {
            let mut frame = Frame::new(*kind);
            frame.write(body);
            frame.finish().unwrap().to_vec()
        }
        Piece::Bad { bytes, .. } => bytes.clone(),
    }
}

fn piece() -> impl Strategy<Value = Piece> {
    let text = proptest::collection::vec(b' '..=b'~', 1..20).prop_map(Piece::Text);
    let kinds = prop_oneof![1u8..=TASKS as u8, 0xfcu8..=0xfe];
    // Zeros often: they are what COBS is about.
    let byte = prop_oneof![Just(0u8), proptest::num::u8::ANY];
    let body = proptest::collection::vec(byte, 0..300);
    let frame = (kinds, body).prop_map(|(kind, body)| Piece::Frame { kind, body });
    prop_oneof![text, frame]
}

#[test]
fn a_lost_zero_costs_one_frame() {
    let frame = |body: &[u8]| wire(&Piece::Frame { kind: 2, body: body.to_vec() });
    let good = Piece::Frame { kind: 2, body: b"second".to_vec() };
    // The opening zero is lost: what was the frame is text, its end opens nothing.
    let line = [&frame(b"first")[1..], b"more", &frame(b"second")].concat();
    let pieces = split(&[&line]);
    assert!(pieces.contains(&good), "{pieces:?}");
    // The closing zero is lost.
    let mut line = frame(b"first");
    line.pop();
    line.extend(b"more");
    line.extend(frame(b"second"));
    line.extend(frame(b"second"));
    let pieces = split(&[&line]);
    assert!(pieces.contains(&good), "{pieces:?}");
}

#[test]
fn text_after_a_stray_zero_is_text() {
    assert_eq!(split(&[b"a\0b"]), [Piece::Text(b"ab".to_vec())]);
    assert_eq!(split(&[b"\0\0\0"]), []);
}

proptest! {
    #[test]
    fn what_goes_in_comes_out(pieces in proptest::collection::vec(piece(), 0..12)) {
        let line: Vec<u8> = pieces.iter().flat_map(wire).collect();
        prop_assert_eq!(split(&[&line]), merged(pieces));
    }

    #[test]
    fn it_does_not_matter_how_the_line_is_cut(
        line in proptest::collection::vec(prop_oneof![Just(0u8), 0u8..12, proptest::num::u8::ANY], 0..400),
        at in 0usize..400,
    ) {
        let at = at.min(line.len());
        let whole = split(&[&line]);
        prop_assert_eq!(&split(&[&line[..at], &line[at..]]), &whole);
        let bytes: Vec<&[u8]> = line.chunks(1).collect();
        prop_assert_eq!(&split(&bytes), &whole);
    }

    #[test]
    fn no_byte_is_lost(
        line in proptest::collection::vec(prop_oneof![Just(0u8), 0u8..12, proptest::num::u8::ANY], 0..400),
    ) {
        // Frames are stuffed anew, which may shorten a block of 254 at the end:
        // such long ones do not occur in 400 bytes of this mix.
        let out: Vec<u8> = split(&[&line]).iter().flat_map(wire).filter(|b| *b != 0).collect();
        let mut expected: Vec<u8> = line.clone();
        expected.retain(|b| *b != 0);
        prop_assert_eq!(out, expected);
    }

    #[test]
    fn damage_heals(
        before in proptest::collection::vec(piece(), 1..6),
        position in 0usize..4000,
        byte in proptest::num::u8::ANY,
    ) {
        let mut line: Vec<u8> = before.iter().flat_map(wire).collect();
        let position = position % line.len();
        line[position] = byte;
        // Two frames later at the latest everything is as it was.
        let after = Piece::Frame { kind: 3, body: b"\0after\0".to_vec() };
        for _ in 0..3 {
            line.extend(wire(&after));
        }
        prop_assert_eq!(split(&[&line]).pop(), Some(after));
    }
}

//! Proofs: what a solver can say about code for every value there is.

use super::numbers::Numbers;
use super::slices::{edges, table};
use crate::memory::{Use, UserSlice};
use abi::desc::{self, Region};
use std::io::Write;
use std::process::{Command, Stdio};

const SLICE: &str = include_str!("../../kern/proof/slice.smt2");

/// What z3 prints about a text.
fn z3(text: &str) -> String {
    let child = Command::new("z3")
        .args(["-in", "-smt2", "-T:120"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = child.expect("z3 must be installed: `cargo xtask setup` does it");
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

/// The constants that the file is about, from the ABI.
fn constants() -> String {
    [("R", desc::R), ("W", desc::W), ("DEVICE", desc::DEVICE)]
        .map(|(name, value)| format!("(define-fun {name} () (_ BitVec 32) #x{value:08x})\n"))
        .concat()
}

#[test]
fn slice_predicate() {
    let answers = z3(&(constants() + SLICE));
    let lines: Vec<&str> = answers.lines().collect();
    let pairs: Vec<(&str, &str)> = lines.chunks(2).map(|pair| (pair[0], pair[1])).collect();
    let expected = [
        ("sound", "unsat"),
        ("a turn leaves the region it is at", "unsat"),
        ("a turn does not go back to a region before", "unsat"),
        ("a turn moves over allowed bytes only", "unsat"),
        ("empty", "unsat"),
        ("naive is refuted", "sat"),
    ];
    assert_eq!(pairs, expected);
}

/// The proof is about the transcription; this is about the transcription and the code.
#[test]
fn slice_transcription() {
    let mut numbers = Numbers(4);
    let mut text = constants() + SLICE.split("; --- What it must mean ---").next().unwrap();
    let mut given = [0, 0];
    for round in 0..40 {
        let mut regions = table(&mut numbers, round % 4 == 3);
        regions.truncate(4);
        let edges = edges(&regions);
        for _ in 0..25 {
            let (mut address, mut end) = (numbers.pick(&edges), numbers.pick(&edges));
            if numbers.below(2) == 0 {
                let (first, last) = (numbers.pick(&regions), numbers.pick(&regions));
                (address, end) = (first.base, last.base.wrapping_add(last.size));
            }
            let length = if numbers.below(4) == 0 { end } else { end.wrapping_sub(address) };
            let usage = numbers.pick(&[Use::Read, Use::Write, Use::ReadWrite]);
            let valid = UserSlice::alleged(address, length).is_valid(&regions, usage);
            given[usize::from(valid)] += 1;
            let need = match usage {
                Use::Read => "R",
                Use::Write => "W",
                Use::ReadWrite => "(bvor R W)",
            };
            let table: String = (0..4).map(|at| region(regions.get(at))).collect();
            let call = format!("(valid #x{address:016x} #x{length:016x} {need}{table})");
            text.push_str(&format!("(assert (= {call} {valid}))\n"));
        }
    }
    assert!(given[0] > 100 && given[1] > 100, "both answers: {given:?}");
    // All equations are about constants: they hold together or one does not.
    assert_eq!(z3(&(text + "(check-sat)\n")).trim(), "sat");
}

fn region(region: Option<&Region>) -> String {
    let (base, size, rights) = region.map_or((0, 0, 0), |r| (r.base, r.size, r.rights));
    format!(" #x{base:016x} #x{size:016x} #x{rights:08x}")
}

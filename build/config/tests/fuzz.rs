//! Fuzz: a million broken files, and none makes the checker panic or hang.
//!
//! Every good and bad file, the examples of the pages and the repository's own files are
//! changed at random: bytes, tokens, lines, numbers at their limits, deep nesting, pieces
//! of another file; apps, boards, chips, what they inherit, crates and interfaces. File
//! number N of a seed is always the same, whatever the number of threads: a failure is
//! printed with both, and with the smallest file that was found to fail like it.
//!
//! `EXOV6_FUZZ_SEED` and `EXOV6_FUZZ_COUNT` choose others, `EXOV6_FUZZ_ONE` one file.

mod common;

use exov6_config::{Code, CrateInfo, examples};
use std::fs;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const SEED: u64 = 0x6578_6f76_3600_0004;
const COUNT: u64 = 1_000_000;
/// How long one file may take, on a machine that does something else as well.
const LIMIT: Duration = Duration::from_secs(10);
/// Longest file: mutations repeat pieces of a file.
const LONGEST: usize = 64 << 10;

/// xorshift64*
struct Random(u64);

impl Random {
    /// The numbers of one file.
    fn of(seed: u64, number: u64) -> Self {
        // splitmix64, so that neighbours have nothing in common.
        let mut z = seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Random((z ^ (z >> 31)) | 1)
    }

    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        ((self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize) % end.max(1)
    }

    fn one<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len())]
    }
}

const NUMBERS: [&str; 26] = [
    "0",
    "-1",
    "1",
    "31",
    "32",
    "33",
    "63",
    "64",
    "65",
    "255",
    "1019",
    "1020",
    "4095",
    "4096",
    "65536",
    "4294967295",
    "4294967296",
    "0x7fff_ffff_f000",
    "549755813888",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "340282366920938463463374607431768211456",
    "1e308",
    "nan",
];
const PIECES: [&str; 34] = [
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    "=",
    ",",
    ".",
    "\"",
    "'",
    "\"\"\"",
    "\n",
    "#",
    "\\",
    "\\u0000",
    "-inf",
    "1979-05-27",
    "true",
    "\"*\"",
    "\"8 KiB\"",
    "\"99999999999 GiB\"",
    "inherit = \"base.toml\"",
    "remove = [\"tasks\"]",
    "\u{fffd}",
    "é",
    "\u{202e}",
    "\0",
    "Result(",
    "Some(",
    "\r\n",
    " ",
    "()",
    "inherit = []",
];
const NESTED: [(&str, &str); 6] =
    [("[", "]"), ("{a=", "}"), ("a.", "a=1"), ("[a.", "]"), ("(a:", ")"), ("[[", "]]")];

struct Corpus {
    /// Fixtures of `app.toml` and others.
    files: Vec<Vec<u8>>,
    /// Interfaces.
    interfaces: Vec<Vec<u8>>,
    /// Words that occur in them.
    words: Vec<Vec<u8>>,
}

fn toml_files(directory: &Path) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = fs::read_dir(directory).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    let named =
        |path: &&std::path::PathBuf| path.extension().is_some_and(|e| e == "toml" || e == "idol");
    paths.iter().filter(named).map(|path| fs::read(path).unwrap()).collect()
}

impl Corpus {
    fn read() -> Self {
        let root = common::root();
        let tests = root.join("build/config/tests");
        let mut files = toml_files(&tests.join("good"));
        files.extend(toml_files(&tests.join("bad")));
        for (code, _) in Code::ALL {
            files.extend(examples(*code).into_iter().map(String::into_bytes));
        }
        for app in ["app.toml", "test/app.toml", "test/replay/app.toml"] {
            files.push(fs::read(root.join(app)).unwrap());
        }
        let crates = fs::read_to_string(root.join("task/control/Cargo.toml")).unwrap();
        for board in ["qemu-virt", "qemu-virt-gicv3"] {
            let text = |place: &str| {
                fs::read_to_string(root.join(place).join(format!("{board}.toml"))).unwrap()
            };
            let head = exov6_config::EXAMPLE_HEAD;
            let whole = format!(
                "{head}# --- boards/qemu-virt.toml\n{}\n# --- chips/{board}.toml\n{}\n\
                 # --- crates/control/Cargo.toml\n{crates}",
                text("boards"),
                text("chips")
            );
            files.push(whole.into_bytes());
        }
        let interfaces = toml_files(&root.join("idl"));
        let mut words: Vec<Vec<u8>> = Vec::new();
        for file in files.iter().chain(&interfaces) {
            words.extend(
                file.split(|byte| !(byte.is_ascii_alphanumeric() || b"-_\"./".contains(byte)))
                    .filter(|word| word.len() > 1)
                    .map(<[u8]>::to_vec),
            );
        }
        words.sort();
        words.dedup();
        Corpus { files, interfaces, words }
    }

    /// File number `number`; whether it is an interface.
    fn file(&self, seed: u64, number: u64) -> (Vec<u8>, bool) {
        let mut random = Random::of(seed, number);
        let interface = random.below(16) == 0;
        let pool = if interface { &self.interfaces } else { &self.files };
        let mut text = pool[random.below(pool.len())].clone();
        for _ in 0..=random.below(4) {
            self.mutate(&mut text, pool, &mut random);
            text.truncate(LONGEST);
        }
        (text, interface)
    }

    fn mutate(&self, text: &mut Vec<u8>, pool: &[Vec<u8>], random: &mut Random) {
        let from = random.below(text.len());
        let to = (from + random.below(40)).min(text.len());
        match random.below(12) {
            0 => drop(text.drain(from..to)),
            1 => {
                if let Some(byte) = text.get_mut(from) {
                    *byte ^= 1 << random.below(8);
                }
            }
            2 => {
                let piece = random.one(&PIECES).bytes();
                text.splice(from..from, piece);
            }
            3 => {
                let at = random.below(text.len());
                let piece = text[from..to].to_vec();
                text.splice(at..at, piece);
            }
            // A line goes somewhere else, or is there twice.
            4 | 5 => {
                let mut lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
                let (a, b) = (random.below(lines.len()), random.below(lines.len()));
                match lines.get(a) {
                    Some(line) if random.below(2) == 0 => lines.insert(b, line),
                    Some(_) => lines.swap(a, b),
                    None => {}
                }
                *text = lines.concat();
            }
            // A word becomes another one.
            6 | 7 => {
                let word = &self.words[random.below(self.words.len())];
                let (start, end) =
                    around(text, from, |b| b.is_ascii_alphanumeric() || b"-_\"./".contains(&b));
                text.splice(start..end, word.iter().copied());
            }
            8 | 9 => {
                let at =
                    text[from..].iter().position(u8::is_ascii_digit).map_or(from, |n| from + n);
                let (start, end) =
                    around(text, at, |b| b.is_ascii_hexdigit() || b"xob_-.".contains(&b));
                let number = random.one(&NUMBERS).bytes();
                text.splice(start..end, number);
            }
            10 => {
                let (open, close) = NESTED[random.below(NESTED.len())];
                let depth = 1 << random.below(12);
                let mut piece = open.repeat(depth);
                // Half of them are closed again.
                if random.below(2) == 0 {
                    piece += &close.repeat(depth);
                }
                text.splice(from..from, piece.into_bytes());
            }
            _ => {
                let other = &pool[random.below(pool.len())];
                let start = random.below(other.len());
                let end = (start + random.below(400)).min(other.len());
                text.splice(from..to, other[start..end].iter().copied());
            }
        }
    }
}

/// The run of such bytes around a place.
fn around(text: &[u8], at: usize, such: impl Fn(u8) -> bool) -> (usize, usize) {
    let before = text[..at].iter().rev().take_while(|byte| such(**byte)).count();
    let after = text[at..].iter().take_while(|byte| such(**byte)).count();
    (at - before, at + after)
}

/// Reads and checks a file. Panics if the checker does, or if what it says is no sense.
fn look(text: &[u8], interface: bool, thoroughly: bool) -> bool {
    if interface {
        let Ok(text) = std::str::from_utf8(text) else { return false };
        return match exov6_idol::parse("fuzz.idol", text) {
            Ok(_) => true,
            Err(errors) => {
                assert!(!thoroughly || !errors.to_string().is_empty(), "an error without words");
                false
            }
        };
    }
    let (_, others) = common::split(text);
    for (_, bytes) in others.iter().filter(|(path, _)| path.starts_with("crates/")) {
        let _ = CrateInfo::parse("Cargo.toml", bytes.clone(), Path::new(""));
    }
    let errors = match common::check_fixture("app", text, Path::new("")) {
        Ok(model) => {
            let _ = exov6_config::warnings(&model).render(false);
            return true;
        }
        Err(errors) => errors,
    };
    assert!(!errors.diagnostics().is_empty(), "an error without a reason");
    for found in errors.diagnostics() {
        for label in found.primary.iter().chain(&found.secondary) {
            let source = errors.sources().get(label.span.file).expect("a place in a file");
            let (start, end) = (label.span.start as usize, label.span.end as usize);
            assert!(start <= end && end <= source.text.len(), "{found:?} is not in its file");
        }
    }
    if thoroughly {
        assert!(errors.render(false).contains("error[E"));
        assert!(!errors.render(true).is_empty());
        serde_json::to_string(&errors).expect("is JSON");
    }
    false
}

fn fails(text: &[u8], interface: bool) -> bool {
    catch_unwind(AssertUnwindSafe(|| look(text, interface, true))).is_err()
}

/// A smaller file that fails, too: pieces are taken out as long as that is so.
fn shrink(mut text: Vec<u8>, interface: bool) -> Vec<u8> {
    let until = Instant::now() + Duration::from_secs(20);
    let mut size = text.len() / 2;
    while size > 0 {
        let mut at = 0;
        while at < text.len() && Instant::now() < until {
            let mut less = text.clone();
            less.drain(at..(at + size).min(text.len()));
            if fails(&less, interface) {
                text = less;
            } else {
                at += size;
            }
        }
        size /= 2;
    }
    text
}

fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    let text = text.trim().replace('_', "");
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// What a thread does: the number of its file, and since when, in milliseconds.
#[derive(Default)]
struct Watch {
    number: AtomicU64,
    since: AtomicU64,
}

#[test]
fn a_million_broken_files_neither_panic_nor_hang() {
    let corpus = Corpus::read();
    let seed = setting("EXOV6_FUZZ_SEED").unwrap_or(SEED);
    let one = setting("EXOV6_FUZZ_ONE");
    let numbers = match one {
        Some(one) => one..one + 1,
        None => 0..setting("EXOV6_FUZZ_COUNT").unwrap_or(COUNT),
    };
    if let Some(one) = one {
        let (text, interface) = corpus.file(seed, one);
        println!("{}", String::from_utf8_lossy(&text));
        look(&text, interface, true);
        return;
    }
    let threads = std::thread::available_parallelism().map_or(2, |n| n.get().clamp(1, 8));
    println!("seed {seed:#x}, {} files, {threads} threads", numbers.end);
    // Said once, at the end, and not for each attempt to shrink.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let start = Instant::now();
    let next = AtomicU64::new(numbers.start);
    let (good, failed, done) = (AtomicU64::new(0), AtomicU64::new(u64::MAX), AtomicU64::new(0));
    let watches: Vec<Watch> = (0..threads).map(|_| Watch::default()).collect();
    let now = || start.elapsed().as_millis() as u64;
    std::thread::scope(|scope| {
        for watch in &watches {
            scope.spawn(|| {
                loop {
                    let from = next.fetch_add(64, Ordering::Relaxed);
                    if from >= numbers.end || failed.load(Ordering::Relaxed) != u64::MAX {
                        break;
                    }
                    for number in from..(from + 64).min(numbers.end) {
                        watch.since.store(now(), Ordering::Relaxed);
                        watch.number.store(number, Ordering::Relaxed);
                        let (text, interface) = corpus.file(seed, number);
                        let looked = AssertUnwindSafe(|| look(&text, interface, number % 32 == 0));
                        match catch_unwind(looked) {
                            Ok(fine) => _ = good.fetch_add(u64::from(fine), Ordering::Relaxed),
                            Err(_) => _ = failed.fetch_min(number, Ordering::Relaxed),
                        }
                    }
                }
                // Who has nothing left to do is never late.
                watch.since.store(u64::MAX, Ordering::Relaxed);
                done.fetch_add(1, Ordering::Relaxed);
            });
        }
        while done.load(Ordering::Relaxed) < threads as u64 {
            std::thread::sleep(Duration::from_millis(20));
            for watch in &watches {
                let number = watch.number.load(Ordering::Relaxed);
                let late = now().saturating_sub(watch.since.load(Ordering::Relaxed));
                if late > LIMIT.as_millis() as u64 {
                    let (text, _) = corpus.file(seed, number);
                    // The test's own output would be lost with the process.
                    let _ = writeln!(
                        std::io::stderr(),
                        "seed {seed:#x}, file {number} takes more than {LIMIT:?}:\n{}",
                        String::from_utf8_lossy(&text)
                    );
                    std::process::exit(101);
                }
            }
        }
    });
    let failed = failed.into_inner();
    if failed != u64::MAX {
        let (text, interface) = corpus.file(seed, failed);
        // What fails only in passing is shown as it is.
        let small = if fails(&text, interface) { shrink(text, interface) } else { text };
        std::panic::set_hook(hook);
        let shown = small.escape_ascii().to_string().replace("\\n", "\n");
        eprintln!("seed {seed:#x}, file {failed}, made as small as it could be:\n{shown}\n----");
        look(&small, interface, true);
        panic!("file {failed} failed once, and now it does not");
    }
    std::panic::set_hook(hook);
    let (good, count) = (good.into_inner(), numbers.end);
    println!("{good} of them good, in {:?}", start.elapsed());
    assert!(good > count / 1000, "only {good} of {count} were good: nothing deep was reached");
    assert!(good < count / 2, "{good} of {count} were good: hardly anything was broken");
}

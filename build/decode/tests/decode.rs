//! A whole line decoded with a hand-made program.

use abi::log::{LINE_BOOT, LINE_END, LINE_SUMMARY, LINE_TASK};
use exov6_archive::{Archive, Manifest, Task};
use exov6_decode::{Decoder, Defect, Event, Level, Style};
use exov6_log::line::Frame;
use object::write::{Object, Symbol, SymbolSection};
use object::{Architecture, BinaryFormat, Endianness, SymbolFlags, SymbolKind, SymbolScope};

/// A program with these defmt strings: index, tag, string.
fn program(strings: &[(u64, &str, &str)]) -> Vec<u8> {
    let mut elf = Object::new(BinaryFormat::Elf, Architecture::Aarch64, Endianness::Little);
    let kind = object::SectionKind::ReadOnlyData;
    let section = elf.add_section(vec![], b".defmt".to_vec(), kind);
    elf.set_section_data(section, vec![0; 64], 1);
    let mut symbol = |name: String, value, section| {
        elf.add_symbol(Symbol {
            name: name.into_bytes(),
            value,
            size: 1,
            kind: SymbolKind::Data,
            scope: SymbolScope::Linkage,
            weak: false,
            section,
            flags: SymbolFlags::None,
        });
    };
    for (index, tag, string) in strings {
        let name = format!(
            r#"{{"package":"p","tag":"defmt_{tag}","data":"{string}","disambiguator":"{index}","crate_name":"c"}}"#
        );
        symbol(name, *index, SymbolSection::Section(section));
    }
    for name in ["_defmt_version_ = 4", "_defmt_encoding_ = raw"] {
        symbol(name.to_owned(), 0, SymbolSection::Absolute);
    }
    elf.write().unwrap()
}

const STRINGS: &[(u64, &str, &str)] = &[
    (1, "prim", "{=u8}"),
    (2, "derived", "Idle|Busy {{ job: {=u32} }}"),
    (5, "trace", "step"),
    (6, "info", "gain is {=f64}, state {=?}"),
    (7, "warn", "list {=[?]}"),
    (8, "error", "{=str} at {=str}@{=u64:#x}."),
    (9, "info", "ascii {=[?]:a}"),
    (10, "derived", "{=u16}|{=u8}"),
    (60, "timestamp", "{=u64:us}"),
];

/// Two tasks, `one` and `other-one`, with the same strings, and this test as kernel.
fn decoder() -> (Decoder, Manifest) {
    let task = |index: u32, name: &str| Task {
        name: name.into(),
        index,
        elf: "t.elf".into(),
        ..Task::default()
    };
    let tasks = vec![task(0, "one"), task(1, "other-one")];
    let manifest = Manifest { tasks, ..Manifest::default() };
    let kernel = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let entries = vec![("t.elf".into(), program(STRINGS)), ("kernel.elf".into(), kernel)];
    let archive = Archive { manifest: manifest.clone(), entries };
    (Decoder::new(&archive).unwrap(), manifest)
}

fn frame(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut frame = Frame::new(kind);
    frame.write(body);
    frame.finish().unwrap().to_vec()
}

fn record(task: u8, sequence: u32, index: u16, micros: u64, arguments: &[u8]) -> Vec<u8> {
    let mut body = 3u32.to_le_bytes().to_vec(); // generation
    body.extend(sequence.to_le_bytes());
    body.extend(index.to_le_bytes());
    body.extend(micros.to_le_bytes());
    body.extend(arguments);
    frame(LINE_TASK + task, &body)
}

/// What a line decodes to, as people see it; text as it is.
fn shown(bytes: &[u8]) -> Vec<String> {
    let (mut decoder, manifest) = decoder();
    let style = Style::new(&manifest, false);
    let mut events = decoder.feed(bytes);
    events.extend(decoder.finish());
    let show = |event: &Event| match event {
        Event::Text(text) => text.clone(),
        event => style.line(event).unwrap_or_else(|| format!("{event:?}")),
    };
    events.iter().map(show).collect()
}

#[test]
fn a_message_comes_out_with_time_task_level_and_arguments() {
    let mut arguments = 3.5f64.to_le_bytes().to_vec();
    arguments.extend([2, 0, 1, 9, 0, 0, 0]);
    let line = shown(&record(1, 0, 6, 1_234_567, &arguments));
    assert_eq!(line, ["[   1.234567] other-one INFO  gain is 3.5, state Busy { job: 9 }"]);
}

#[test]
fn text_and_frames_share_a_line() {
    let mut bytes = b"hel".to_vec();
    bytes.extend(record(0, 0, 5, 9, &[]));
    bytes.extend("lo \u{fc}\n".as_bytes());
    bytes.extend(frame(LINE_SUMMARY, &[[1, 1].as_slice(), &5000u64.to_le_bytes()].concat()));
    bytes.extend(frame(LINE_END, &[]));
    assert_eq!(
        shown(&bytes),
        [
            "hel",
            "[   0.000009] one       TRACE step",
            "lo \u{fc}\n",
            r#"Summary { task: "other-one", values: [5000] }"#,
            "End",
        ]
    );
}

#[test]
fn an_address_becomes_a_function_and_a_line() {
    #[inline(never)]
    extern "C" fn a_function_to_find() -> u32 {
        std::hint::black_box(42)
    }
    // The file's own address of the function: where it is now, less where the
    // program was loaded.
    use object::{Object as _, ObjectSymbol};
    let bytes = std::fs::read(std::env::current_exe().unwrap()).unwrap();
    let elf = object::File::parse(&*bytes).unwrap();
    let address = elf
        .symbols()
        .find(|s| s.name().is_ok_and(|n| n.contains("a_function_to_find")))
        .unwrap()
        .address();
    assert_eq!(a_function_to_find(), 42);
    let text = |s: &str| [&(s.len() as u32).to_le_bytes(), s.as_bytes()].concat();
    let at = |name: &str, address: u64| {
        let arguments = [text("stopped"), text(name), address.to_le_bytes().to_vec()].concat();
        shown(&record(0, 0, 8, 0, &arguments)).remove(0)
    };
    let line = at("kernel", address);
    assert!(line.contains("ERROR stopped at "), "{line}");
    assert!(line.contains("a_function_to_find ("), "{line}");
    assert!(line.contains("tests/decode.rs:"), "{line}");
    assert!(line.ends_with(")."), "{line}");
    // Names and addresses that nobody knows stay as they are.
    assert!(at("nobody", address).ends_with(&format!("at nobody@{address:#x}.")));
    assert!(at("kernel", 3).ends_with("at kernel@0x3."));
}

#[test]
fn messages_that_never_arrived_are_counted_once_the_boot_was_seen() {
    let mut bytes = record(0, 7, 5, 0, &[]);
    bytes.extend(frame(LINE_BOOT, &[0; std::mem::size_of::<abi::boot::BootRecord>()]));
    bytes.extend(record(0, 2, 5, 0, &[]));
    bytes.extend(record(0, 3, 5, 0, &[]));
    bytes.extend(record(0, 5, 5, 0, &[]));
    let lines = shown(&bytes);
    assert_eq!(lines.iter().filter(|l| l.contains("lost")).count(), 2, "{lines:#?}");
    assert_eq!(lines[2], "-- 2 messages of one lost --");
    assert_eq!(lines[5], "-- 1 message of one lost --");
}

#[test]
fn an_exception_in_the_kernel_is_one_sentence() {
    use abi::boot::{BOOT_MAGIC, BootRecord, RESET_MAGIC, ResetReason, ResetRecord};
    use zerocopy::{FromZeros, IntoBytes};
    let boot = |task, syndrome, pc| {
        let mut reset = ResetRecord {
            magic: RESET_MAGIC,
            reason: ResetReason::KernelException as u64,
            task,
            detail: 0x18,
            pc,
            syndrome,
            ..ResetRecord::default()
        };
        reset.checksum = reset.sum();
        let mut record = BootRecord::new_zeroed();
        record.magic = BOOT_MAGIC;
        record.core = 0x410f_d034;
        record.entry_level = 2;
        record.interrupt_controller = 3;
        record.reset = reset;
        shown(&frame(LINE_BOOT, record.as_bytes())).remove(0)
    };
    assert_eq!(
        boot(0, 0x9600_0004, 3),
        "exov6 image 0000000000000000 on Cortex-A53, GICv3, entered at EL2, 0 ticks/s; the last \
         boot ended by an exception in the kernel while one ran: data abort for address 0x18 at \
         0x3, syndrome 0x96000004"
    );
    let ended = |reason: ResetReason, fault: u64| {
        let mut reset = ResetRecord {
            magic: RESET_MAGIC,
            reason: reason as u64,
            task: 0,
            fault,
            ..ResetRecord::default()
        };
        reset.checksum = reset.sum();
        let mut record = BootRecord::new_zeroed();
        record.magic = BOOT_MAGIC;
        record.reset = reset;
        let line = shown(&frame(LINE_BOOT, record.as_bytes())).remove(0);
        line.split_once("the last boot ended by ").unwrap().1.to_owned()
    };
    assert_eq!(ended(ResetReason::Requested, 7), "a requested reset, with argument 7");
    let heap = abi::invariant::Invariant::Heap;
    assert_eq!(
        ended(ResetReason::BrokenInvariant, heap as u64),
        format!("the kernel's check before the return to a task, one: not true that {heap}")
    );
    let nobody = boot(u64::MAX, 0x0200_0000, 0x40);
    let end = "an exception in the kernel: undefined instruction at 0x40, syndrome 0x02000000";
    assert!(nobody.ends_with(end), "{nobody}");
}

fn only_garbage(bytes: &[u8]) -> (Defect, Option<String>) {
    let (mut decoder, _) = decoder();
    let mut events = decoder.feed(bytes);
    events.extend(decoder.finish());
    match events.as_slice() {
        [Event::Garbage { why, task, .. }] => (*why, task.clone()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn whatever_cannot_be_read_is_reported_with_its_reason() {
    let of_one = (Defect::Body, Some("one".to_owned()));
    // Index that is no message, missing arguments, surplus arguments.
    assert_eq!(only_garbage(&record(0, 0, 33, 0, &[])), of_one);
    assert_eq!(only_garbage(&record(0, 0, 6, 0, &[1, 2])), of_one);
    assert_eq!(only_garbage(&record(0, 0, 5, 0, &[1])), of_one);
    assert_eq!(only_garbage(&frame(LINE_TASK, &[1])), of_one);
    // A list of four thousand million elements of no size, in a few bytes.
    assert_eq!(only_garbage(&record(0, 0, 7, 0, &[255, 255, 255, 255, 2, 0])), of_one);
    assert_eq!(only_garbage(&frame(LINE_SUMMARY, &[1, 1, 0])), (Defect::Body, None));
    assert_eq!(only_garbage(&frame(LINE_SUMMARY, &[9, 0])), (Defect::Body, None));
    assert_eq!(only_garbage(&frame(LINE_END, &[1])), (Defect::Body, None));
    assert_eq!(only_garbage(&frame(0xf0, &[1])), (Defect::Kind, None));
    assert_eq!(only_garbage(&[0, 1, 200, 3, 0]), (Defect::Cobs, None));
    assert_eq!(only_garbage(&[0, 1, 2]), (Defect::Unclosed, None));
}

#[test]
fn a_hint_that_does_not_fit_its_values_does_not_bring_the_decoder_down() {
    // Two elements, of the variants 1 and 0; the second is no byte.
    let body = [2, 0, 0, 0, 10, 0, 1, 65, 0, 0, 1];
    assert_eq!(only_garbage(&record(0, 0, 9, 0, &body)), (Defect::Body, Some("one".to_owned())));
}

#[test]
fn a_message_cannot_move_the_cursor() {
    let text = |s: &str| [&(s.len() as u32).to_le_bytes(), s.as_bytes()].concat();
    let arguments = [text("\x1b[2J"), text("a\nb"), vec![0; 8]].concat();
    let line = shown(&record(0, 0, 8, 0, &arguments)).remove(0);
    assert!(line.ends_with("ERROR \\u{1b}[2J at a\n    b@0x0."), "{line:?}");
}

#[test]
fn a_character_cut_in_two_is_put_together() {
    let (mut decoder, _) = decoder();
    let bytes = "\u{20ac}".as_bytes();
    assert!(decoder.feed(&bytes[..1]).is_empty());
    assert!(decoder.feed(&bytes[1..2]).is_empty());
    assert!(matches!(&decoder.feed(&bytes[2..])[..], [Event::Text(t)] if t == "\u{20ac}"));
    assert!(decoder.feed(&bytes[..2]).is_empty());
    assert!(matches!(&decoder.finish()[..], [Event::Text(t)] if t == "\u{fffd}"));
}

#[test]
fn levels_are_ordered_by_urgency() {
    assert!(Level::Trace < Level::Debug && Level::Warn < Level::Error);
}

proptest::proptest! {
    #[test]
    fn any_record_is_read_or_reported(
        index in 0u16..70,
        body in proptest::collection::vec(proptest::num::u8::ANY, 0..40),
    ) {
        // A hint that fits no value (index 9) makes defmt panic, which is caught,
        // but said on standard error: leave that to the test above.
        let index = if index == 9 { 6 } else { index };
        let (mut decoder, manifest) = decoder_once();
        let events = decoder.feed(&record(0, 0, index, 1, &body));
        proptest::prop_assert_eq!(events.len(), 1);
        let _ = Style::new(&manifest, true).line(&events[0]);
    }
}

/// Like `decoder`, without this test's own bulk.
fn decoder_once() -> (Decoder, Manifest) {
    let task = Task { name: "one".into(), elf: "t.elf".into(), ..Task::default() };
    let manifest = Manifest { tasks: vec![task], ..Manifest::default() };
    let entries = vec![("t.elf".into(), program(STRINGS))];
    let archive = Archive { manifest: manifest.clone(), entries };
    (Decoder::new(&archive).unwrap(), manifest)
}

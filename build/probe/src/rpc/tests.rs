//! The client against a real agent, in one process: memory is a mailbox, and to let the
//! target run is to let the agent look.

use super::*;
use crate::memory;
use abi::syscall;
use exov6_archive::{Hex, Manifest, Port as ManifestPort, Region, Task};
use exov6_rpc::layout::WORDS;
use exov6_rpc::{Call, Kernel, Mailbox, Returned};
use serde_json::json;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU8, AtomicU64};

const ROOM: usize = 512;
/// Physical address of the boot record, and of the mailbox.
const RECORD: u64 = 0x1000;
const MAILBOX: u64 = 0x8060;
const IMAGE: u64 = 0x0123_4567_89ab_cdef;

/// As far as a call is of interest here.
const IDOL: &str = r#"Interface(name: "Demo", ops: {
    "add": (args: {"a": "u8", "b": "i32"}, reply: Result(ok: "i64", err: ServerDeath)),
    "get": (args: {}, reply: Simple("u16"), idempotent: true),
    "put": (
        args: {"at": "u16"},
        leases: {
            "from": (type: "[u16]", read: true, max_len: Some(4)),
            "into": (type: "[u8]", write: true),
            "both": (type: "u32", read: true, write: true),
        },
        reply: Result(ok: "()", err: ServerDeath),
    ),
    "large": (args: {"data": "[u8; 70]"}, reply: Simple("[u8; 70]"), idempotent: true),
    "odd": (args: {"value": "demo::Odd"}, reply: Simple("u8"), idempotent: true),
    "back": (reply: Simple("demo::Odd"), idempotent: true),
})"#;

/// An ELF file with one symbol.
fn elf(symbol: &str, size: u64) -> Vec<u8> {
    use object::write::{Object, StandardSection, Symbol, SymbolSection};
    let mut elf = Object::new(
        object::BinaryFormat::Elf,
        object::Architecture::Aarch64,
        object::Endianness::Little,
    );
    let section = elf.section_id(StandardSection::Data);
    elf.append_section_data(section, &vec![0; size as usize], 8);
    elf.add_symbol(Symbol {
        name: symbol.as_bytes().to_vec(),
        value: 0x60,
        size,
        kind: object::SymbolKind::Data,
        scope: object::SymbolScope::Linkage,
        weak: false,
        section: SymbolSection::Section(section),
        flags: object::SymbolFlags::None,
    });
    elf.write().unwrap()
}

fn archive() -> Archive {
    let region = |kind: &str, base, physical, rights: &str| Region {
        kind: kind.into(),
        base: Hex(base),
        size: Hex(0x2000),
        physical: Hex(physical),
        rights: rights.into(),
        ..Region::default()
    };
    let port = |name: &str, number, ops: &[&str]| ManifestPort {
        name: name.into(),
        number,
        server: "demo".into(),
        interface: Some("demo.idol".into()),
        ops: ops.iter().map(|op| (*op).to_owned()).collect(),
        ..ManifestPort::default()
    };
    let agent = Task {
        name: "rpc".into(),
        index: 0,
        elf: "tasks/rpc.elf".into(),
        ports: vec![
            port("demo", 0, &["add", "get", "put", "large", "odd", "back"]),
            port("few", 1, &["get"]),
        ],
        regions: vec![region("data", 0, 0x8000, "rw")],
        ..Task::default()
    };
    let server =
        Task { name: "demo".into(), index: 1, elf: "tasks/demo.elf".into(), ..Task::default() };
    let manifest = Manifest {
        name: "image".into(),
        image_id: format!("{IMAGE:016x}00"),
        boot_record: Hex(RECORD),
        tasks: vec![agent, server],
        ..Manifest::default()
    };
    let size = (WORDS * 8 + ROOM) as u64;
    let entries = vec![
        ("tasks/rpc.elf".to_owned(), elf("EXOV6_RPC", size)),
        ("tasks/demo.elf".to_owned(), elf("something", 8)),
        ("interfaces/demo.idol".to_owned(), IDOL.as_bytes().to_vec()),
    ];
    Archive { manifest, entries }
}

/// What a server does: the words or the leases of a call, and what it returns.
type Server = Box<dyn FnMut(&Call<'_>) -> Returned>;

/// Something that happens to the words of a mailbox.
type Mischief = Box<dyn FnMut(&[AtomicU64])>;

struct Ports {
    server: Server,
}

impl Kernel for Ports {
    fn now(&self) -> u64 {
        0
    }
    fn ports(&self) -> u32 {
        2
    }
    fn operations(&self, port: u32) -> Option<u64> {
        [0b111_1110, 0b100].get(port as usize).copied()
    }
    fn call(&mut self, call: &Call<'_>) -> Returned {
        (self.server)(call)
    }
}

/// A target: a boot record, a mailbox, and an agent that looks.
struct Target {
    mailbox: &'static Mailbox<ROOM>,
    agent: Option<exov6_rpc::Agent<'static>>,
    kernel: Ports,
    image: u64,
    /// What happens to the mailbox each time that the target runs.
    mischief: Mischief,
}

impl Target {
    fn new(server: impl FnMut(&Call<'_>) -> Returned + 'static) -> Self {
        let mailbox: &'static Mailbox<ROOM> = Box::leak(Box::new(Mailbox::new()));
        Target {
            mailbox,
            agent: Some(exov6_rpc::Agent::start(mailbox, 0)),
            kernel: Ports { server: Box::new(server) },
            image: IMAGE,
            mischief: Box::new(|_| {}),
        }
    }

    fn byte(&self, address: u64) -> Option<u8> {
        if let Some(at) = address.checked_sub(MAILBOX) {
            let at = at as usize;
            return match at.checked_sub(WORDS * 8) {
                Some(at) => Some(self.mailbox.data.get(at)?.load(Relaxed)),
                None => Some(self.mailbox.words[at / 8].load(Relaxed).to_le_bytes()[at % 8]),
            };
        }
        let at = address.checked_sub(RECORD)? as usize;
        let record = [BOOT_MAGIC, 0, 1, 2, 1_000_000, 0, 0, self.image];
        Some(record.get(at / 8).map_or(0, |word| word.to_le_bytes()[at % 8]))
    }
}

impl Memory for Target {
    fn read(&mut self, address: u64, into: &mut [u8]) -> Result<(), memory::Error> {
        let length = into.len() as u64;
        for (byte, at) in into.iter_mut().zip(address..) {
            let outside = memory::Error::Outside { address, length, base: 0, top: 0 };
            *byte = self.byte(at).ok_or(outside)?;
        }
        Ok(())
    }

    fn write(&mut self, address: u64, from: &[u8]) -> Result<(), memory::Error> {
        for (byte, at) in from.iter().zip(address - MAILBOX..) {
            let at = at as usize;
            match at.checked_sub(WORDS * 8) {
                Some(at) => self.mailbox.data[at].store(*byte, Relaxed),
                None => {
                    let mut bytes = self.mailbox.words[at / 8].load(Relaxed).to_le_bytes();
                    bytes[at % 8] = *byte;
                    self.mailbox.words[at / 8].store(u64::from_le_bytes(bytes), Relaxed);
                }
            }
        }
        Ok(())
    }

    fn run(&mut self, time: Duration) -> Result<(), memory::Error> {
        std::thread::sleep(time.min(Duration::from_millis(1)));
        (self.mischief)(&self.mailbox.words);
        if let Some(agent) = &mut self.agent {
            agent.poll(&mut self.kernel);
        }
        Ok(())
    }
}

/// For what never comes.
const SHORT: Duration = Duration::from_millis(30);
/// For what comes, on a machine that is busy with other things.
const LONG: Duration = Duration::from_secs(10);

fn ok(bytes: &[u8]) -> Returned {
    let mut all = [0; 64];
    all[..bytes.len()].copy_from_slice(bytes);
    let words =
        std::array::from_fn(|i| u64::from_le_bytes(std::array::from_fn(|j| all[i * 8 + j])));
    Returned { status: 0, length: bytes.len() as u32, words }
}

fn call(target: Target, what: &str, values: Json, leases: &[LeaseInput]) -> Result<Called, String> {
    within(LONG, target, what, values, leases)
}

fn within(
    limit: Duration,
    target: Target,
    what: &str,
    values: Json,
    leases: &[LeaseInput],
) -> Result<Called, String> {
    let archive = archive();
    let mut client = Client::new(&archive, None, target, limit).map_err(|e| e.to_string())?;
    let Json::Object(values) = values else { panic!("{values}") };
    client.call(what, &values, leases).map_err(|error| error.to_string())
}

fn read(name: &str, bytes: &[u8]) -> LeaseInput {
    LeaseInput { name: name.into(), bytes: Some(bytes.to_vec()), room: None }
}

fn write(name: &str, room: u64) -> LeaseInput {
    LeaseInput { name: name.into(), bytes: None, room: Some(room) }
}

#[test]
fn arguments_are_packed_and_the_reply_is_read() {
    let target = Target::new(|call| {
        assert_eq!((call.port, call.header), (0, syscall::header(1, 5, 0)));
        assert_eq!(call.words, [0x00ff_ffff_fe07, 0, 0, 0, 0, 0, 0, 0]);
        ok(&(-9_i64).to_le_bytes())
    });
    let called = call(target, "demo.add", json!({"b": -2, "a": "7"}), &[]).unwrap();
    assert_eq!((called.ended, called.attempts, called.us), (Ended::Value(json!(-9)), 1, Some(0.0)));
}

#[test]
fn leases_lie_one_behind_the_other_and_come_back() {
    let target = Target::new(|call| {
        let range =
            |n: usize| (call.leases[n].offset, call.leases[n].length, call.leases[n].rights);
        assert_eq!(call.header, syscall::header(3, 2, 3));
        assert_eq!((range(0), range(1), range(2)), ((0, 4, 1), (8, 3, 2), (16, 4, 3)));
        let data: Vec<u8> = call.data.iter().map(|byte| byte.load(Relaxed)).collect();
        assert_eq!(
            (&data[..4], &data[8..11], &data[16..20]),
            (&[1, 2, 3, 4][..], &[0; 3][..], &[5; 4][..])
        );
        let put = |at: usize, byte| AtomicU8::store(&call.data[at], byte, Relaxed);
        put(9, 0xaa);
        put(19, 0xbb);
        ok(&[])
    });
    let leases = [write("into", 3), read("both", &[5; 4]), read("from", &[1, 2, 3, 4])];
    let called = call(target, "demo.put", json!({"at": 1}), &leases).unwrap();
    assert_eq!(called.ended, Ended::Value(Json::Null));
    let outputs = [("into".to_owned(), vec![0, 0xaa, 0]), ("both".to_owned(), vec![5, 5, 5, 0xbb])];
    assert_eq!(called.outputs, outputs);
    assert_eq!(called.json()["leases"]["into"], json!("hex:00aa00"));
}

#[test]
fn what_is_too_large_for_the_words_is_lent() {
    let target = Target::new(|call| {
        assert_eq!(call.header, syscall::header(4, 0, 2));
        let [args, reply] = [call.leases[0], call.leases[1]];
        assert_eq!((args.rights, args.length, reply.rights, reply.length), (1, 70, 2, 70));
        for n in 0..70 {
            let byte = call.data[args.offset as usize + n].load(Relaxed);
            call.data[reply.offset as usize + n].store(byte + 1, Relaxed);
        }
        ok(&[])
    });
    let data: Vec<u8> = (0..70).collect();
    let expected: Vec<u8> = (1..71).collect();
    let called = call(target, "demo.large", json!({ "data": data }), &[]).unwrap();
    assert_eq!(called.ended, Ended::Value(json!(expected)));
}

#[test]
fn an_idempotent_call_is_repeated_when_the_server_died_and_no_other() {
    let dead = || Returned { status: syscall::DEAD, ..Returned::default() };
    let dying = |times: u32| {
        let mut left = times;
        Target::new(move |_| {
            left = left.saturating_sub(1);
            if left > 0 { dead() } else { ok(&[1, 2]) }
        })
    };
    let value = call(dying(5), "demo.get", json!({}), &[]).unwrap();
    assert_eq!((value.ended, value.attempts), (Ended::Value(json!(0x0201)), 5));
    let died = call(dying(6), "demo.get", json!({}), &[]).unwrap();
    assert_eq!((died.ended, died.attempts), (Ended::Died, 5));
    let once = call(dying(2), "demo.add", json!({"a": 1, "b": 1}), &[]).unwrap();
    assert_eq!((once.ended, once.attempts), (Ended::Died, 1));
    let late = Target::new(|_| Returned { status: syscall::TIMEOUT, ..Returned::default() });
    let late = call(late, "demo.get", json!({}), &[]).unwrap();
    assert_eq!((late.ended, late.attempts), (Ended::TimedOut, 1));
}

#[test]
fn answers_that_are_not_of_the_interface_are_told() {
    let odd = call(Target::new(|_| ok(&[1])), "demo.get", json!({}), &[]).unwrap().ended;
    assert_eq!(odd, Ended::Malformed("the reply has 1 bytes, and the interface says 2".into()));
    let failed = Target::new(|_| Returned { status: 7, ..Returned::default() });
    let failed = call(failed, "demo.get", json!({}), &[]).unwrap().ended;
    assert_eq!(failed, Ended::Error { code: 7, name: None });
}

#[test]
fn wrong_names_and_values_are_told_with_the_right_ones() {
    let wrong = |what: &str, values, leases: &[LeaseInput]| {
        call(Target::new(|_| unreachable!("nothing is to be called")), what, values, leases)
            .unwrap_err()
    };
    let expected = [
        (
            wrong("few.add", json!({}), &[]),
            "app.toml does not grant `add` of `demo` to `rpc`; port `few` may do: get",
        ),
        (wrong("few.gte", json!({}), &[]), "`demo` has no operation `gte`; port `few` may do: get"),
        (wrong("fwe.get", json!({}), &[]), "`rpc` has no port `fwe`; it has demo, few"),
        (wrong("get", json!({}), &[]), "`get` is not PORT.OPERATION, such as `store.read`"),
        (
            wrong("demo.add", json!({"a": 1}), &[]),
            "demo.add: argument `b` is missing; it takes a: u8, b: i32",
        ),
        (
            wrong("demo.get", json!({"a": 1}), &[]),
            "demo.get: there is no argument `a`; it takes none",
        ),
        (
            wrong("demo.add", json!({"a": 300, "b": 0}), &[]),
            "demo.add: argument `a: u8`: `300` is not u8",
        ),
        (
            wrong("demo.get", json!({}), &[read("x", &[])]),
            "demo.get: there is no lease `x`; there are: none",
        ),
        (
            wrong("demo.back", json!({}), &[]),
            "demo.back: the size of its reply, `demo::Odd`, is not in the debug information",
        ),
    ];
    for (found, wanted) in expected {
        assert_eq!(found, wanted);
    }
    let put = |leases: &[LeaseInput]| wrong("demo.put", json!({"at": 0}), leases);
    let both = read("both", &[0; 4]);
    let expected = [
        (put(&[]), "demo.put: lease `from` is read by the server: give its bytes"),
        (
            put(&[read("from", &[0; 3])]),
            "demo.put: lease `from` has 3 bytes, and an element of [u16] takes 2",
        ),
        (put(&[read("from", &[0; 10])]), "demo.put: lease `from` has 10 bytes, at most 8"),
        (
            put(&[read("from", &[]), both.clone(), write("into", 513)]),
            "demo.put: 513 bytes do not fit into the 512 that are left of the agent's data area \
             (`data_bytes` in its config)",
        ),
        (
            put(&[read("from", &[]), write("into", 0), read("both", &[])]),
            "demo.put: lease `both` has 0 bytes, and it takes 4",
        ),
    ];
    for (found, wanted) in expected {
        assert_eq!(found, wanted);
    }
}

#[test]
fn a_type_that_nobody_knows_can_be_sent_as_bytes() {
    let target = Target::new(|call| {
        assert_eq!((call.header, call.words[0]), (syscall::header(5, 3, 0), 0x03_0201));
        ok(&[9])
    });
    let called = call(target, "demo.odd", json!({"value": "hex:010203"}), &[]).unwrap();
    assert_eq!(called.ended, Ended::Value(json!(9)));
}

#[test]
fn a_target_that_is_not_there_or_another_is_told() {
    let run = |target| within(SHORT, target, "demo.get", json!({}), &[]).unwrap_err();
    let mut other = Target::new(|_| ok(&[]));
    other.image = 0xff;
    let text =
        "the target runs image 00000000000000ff, and the archive is that of 0123456789abcdef";
    assert_eq!(run(other), text);
    let mut none = Target::new(|_| ok(&[]));
    none.mailbox.words[0].store(0, Relaxed);
    none.agent = None;
    assert_eq!(run(none), "`rpc` did not start within 30 ms: is the target running?");
    let mut silent = Target::new(|_| ok(&[]));
    silent.agent = None;
    let text = "`rpc` has not looked into its mailbox for 30 ms: more urgent tasks take all the time, \
                or it is stopped";
    assert_eq!(run(silent), text);
    let version = Target::new(|_| ok(&[]));
    version.mailbox.words[1].store(9, Relaxed);
    assert_eq!(run(version), "the mailbox of `rpc` has version 9; this program knows 1");
    let mut reset = Target::new(|_| ok(&[]));
    reset.agent = None;
    reset.mischief = Box::new(|words| words[43].store(0, Relaxed));
    let text =
        "the request is gone from the mailbox: the target was reset, or another debugger calls";
    assert_eq!(run(reset), text);
}

#[test]
fn a_server_that_does_not_answer_is_named() {
    let run = |target| within(SHORT, target, "few.get", json!({}), &[]).unwrap_err();
    // The agent is in a call from before, and stays there.
    let mut busy = Target::new(|_| ok(&[]));
    busy.agent = None;
    busy.mailbox.words[3].store(2 | 7 << 32, Relaxed);
    busy.mailbox.words[17].store(1, Relaxed);
    let text = "`rpc` still waits for the answer to an earlier request, through port `few`; restarting \
                the server or the agent ends that";
    assert_eq!(run(busy), text);
    // It is in this one.
    let mut waits = Target::new(|_| ok(&[]));
    waits.agent = None;
    waits.mischief = Box::new(|words| words[3].store(2 | 1 << 32, Relaxed));
    let text = "`demo` has not answered within 30 ms; `rpc` goes on waiting for it (a `timeout_us` of \
                the channel would end that)";
    assert_eq!(run(waits), text);
}

#[test]
fn a_reply_that_is_half_written_is_waited_for() {
    let mut target = Target::new(|_| ok(&[1, 2]));
    // The agent is slow, and the reply's words change under its eyes.
    let mut agent = target.agent.take().unwrap();
    let mut looks = 0;
    let mailbox = target.mailbox;
    target.mischief = Box::new(move |words| {
        looks += 1;
        match looks {
            1 => {
                let mut kernel = Ports { server: Box::new(|_| ok(&[1, 2])) };
                agent.poll(&mut kernel);
                mailbox.words[8].fetch_xor(0xffff, Relaxed);
            }
            3 => {
                words[8].fetch_xor(0xffff, Relaxed);
            }
            _ => {}
        }
    });
    let called = call(target, "demo.get", json!({}), &[]).unwrap();
    assert_eq!(called.ended, Ended::Value(json!(0x0201)));
}

#[test]
fn the_agent_is_found_by_its_mailbox() {
    let found = Agent::find(&archive(), None).unwrap();
    assert_eq!((found.physical, found.data_size, found.image), (MAILBOX, ROOM as u64, IMAGE));
    let calls: Vec<String> =
        found.ports[0].signatures().into_iter().map(|(call, _)| call).collect();
    assert_eq!(
        calls[..3],
        [
            "add(a: u8, b: i32) -> i64",
            "get() -> u16",
            "put(at: u16, from: lease r [u16], at most 4, into: lease w [u8], both: lease rw u32)",
        ]
    );
    let error = |archive: &Archive, name| Agent::find(archive, name).unwrap_err().to_string();
    assert_eq!(error(&archive(), Some("demo")), "`demo` is no rpc agent of image; it has rpc");
    let mut none = archive();
    none.entries[0].1 = elf("other", 8);
    let text = "image has no rpc agent; a task with `crate = \"task-rpc-agent\"` is one";
    assert_eq!(error(&none, None), text);
    let mut two = archive();
    two.entries[1].1 = two.entries[0].1.clone();
    assert_eq!(error(&two, None), "image has several rpc agents; name one of rpc, demo");
    let mut short = archive();
    short.entries[0].1 = elf("EXOV6_RPC", 8);
    let text = "the archive of image cannot be used: EXOV6_RPC has only 8 bytes";
    assert_eq!(error(&short, None), text);
    let mut outside = archive();
    outside.manifest.tasks[0].regions[0].rights = "r".into();
    let text = "the archive of image cannot be used: EXOV6_RPC of `rpc` is in none of its writable regions";
    assert_eq!(error(&outside, None), text);
}

#[test]
fn refusals_are_sentences() {
    let tasks = ["sup", "demo"];
    let word = |kind, who, reason| {
        let mut fault = abi::fault::Fault::new(kind, 0);
        (fault.who, fault.reason) = (who, reason);
        called::fault(fault.pack(), 0, &tasks)
    };
    use abi::fault::FaultKind;
    let text = "`demo` refused the message: LeaseTooLong";
    assert_eq!(word(FaultKind::FromServer, 1, 4).as_deref(), Some(text));
    assert_eq!(word(FaultKind::Injected, 0, 0).as_deref(), Some("`sup` stopped the agent"));
    assert_eq!(word(FaultKind::Panic, 0, 0).as_deref(), Some("the agent faulted: Panic"));
    let not = Ended::NotMade { outcome: Outcome::NotGranted, detail: 6 };
    assert_eq!(
        (not.to_string(), not.word()),
        ("the port permits only the operations in 0x6".into(), "not-made")
    );
}

//! The rpc agent from outside: a debugger that calls, makes mistakes, and goes away.
//!
//! Each test boots `test/rpc` once and works through its memory, in a file or behind the
//! emulator's GDB server.

use super::group::{Group, Test};
use crate::live::Live;
use crate::out::say;
use crate::progress::Bar;
use crate::{dist, rpc};
use abi::syscall::{LEASE_R, LEASE_W};
use anyhow::{Context, Result, bail, ensure};
use exov6_archive::Archive;
use exov6_emulate::{Options, Time};
use exov6_probe::rpc::{Called, Client, Ended, LeaseInput};
use exov6_probe::{FileMemory, Memory, gdb};
use exov6_rpc::layout::{BELL, REQUEST};
use exov6_rpc::{LeaseRange, Outcome, Request};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Host time for each answer.
const LIMIT: Duration = Duration::from_secs(10);
/// Random requests.
const REQUESTS: usize = 1000;

/// The tests.
pub const GROUP: Group<System> = Group { prefix: "rpc", tests: TESTS, prepare: System::build };

const TESTS: &[Test<System>] = &[
    ("calls_in_registers_with_leases_and_with_large_values", calls),
    ("what_is_not_granted_is_refused_by_name_and_by_number", refused),
    ("a_server_that_dies_is_told_and_an_idempotent_call_repeated", dies),
    ("an_agent_that_is_stopped_says_so_in_its_next_life", stopped),
    ("a_debugger_that_vanishes_leaves_nothing_behind", vanishes),
    ("a_thousand_random_requests_do_no_harm", random),
    ("the_same_through_a_gdb_server", through_gdb),
];

/// The image.
pub struct System {
    archive: Archive,
    image: PathBuf,
}

impl System {
    fn build(root: &Path) -> Result<System> {
        let built = dist::build(root, &root.join("test/rpc/app.toml"), None, &mut Bar::new())?;
        let archive = exov6_archive::read(&built.archive)?;
        Ok(System { archive, image: built.image })
    }

    /// Boots, and hands a client on; what goes wrong is told with what the image said.
    fn with(&self, test: impl FnOnce(&mut Client<'_, FileMemory>) -> Result<()>) -> Result<()> {
        let directory = tempfile::tempdir()?;
        let path = directory.path().join("memory");
        let (live, memory) = rpc::boot(&self.archive, &self.image, &path, LIMIT)?;
        let mut client = Client::new(&self.archive, None, memory, LIMIT)?;
        said(&live, test(&mut client))
    }
}

fn said(live: &Live<'_>, result: Result<()>) -> Result<()> {
    let lines = live.lines().unwrap_or_default();
    let last: Vec<String> = lines.into_iter().rev().take(12).collect();
    result.with_context(|| {
        let last: Vec<String> = last.into_iter().rev().collect();
        format!("the image said last:\n{}\nand", last.join("\n"))
    })
}

fn call<M: Memory>(client: &mut Client<'_, M>, what: &str, values: Json) -> Result<Called> {
    let Json::Object(values) = values else { bail!("{values} is no object") };
    Ok(client.call(what, &values, &[])?)
}

/// Calls and compares the value.
#[track_caller]
fn gives<M: Memory>(
    client: &mut Client<'_, M>,
    what: &str,
    values: Json,
    expected: Json,
) -> Result<()> {
    let called = call(client, what, values)?;
    ensure!(
        called.ended == Ended::Value(expected.clone()),
        "{what}: {} not {expected}",
        called.ended
    );
    Ok(())
}

fn read(name: &str, bytes: &[u8]) -> LeaseInput {
    LeaseInput { name: name.to_owned(), bytes: Some(bytes.to_vec()), room: None }
}

fn write(name: &str, room: u64) -> LeaseInput {
    LeaseInput { name: name.to_owned(), bytes: None, room: Some(room) }
}

fn calls(system: &System) -> Result<()> {
    system.with(|client| {
        let most = u64::MAX;
        gives(client, "every.echo_u64", json!({ "value": most }), json!(most))?;
        gives(client, "every.echo_i128", json!({ "value": "-3" }), json!(-3))?;
        gives(client, "every.echo_char", json!({ "value": "ß" }), json!("ß"))?;
        gives(client, "every.echo_f64", json!({ "value": "-1.5" }), json!(-1.5))?;
        gives(
            client,
            "every.echo_array",
            json!({ "value": [1, -2, 3, -4, 5] }),
            json!([1, -2, 3, -4, 5]),
        )?;
        // A user's type, from the server's debug information.
        gives(client, "every.echo_color", json!({ "value": "Green" }), json!("Green"))?;
        gives(client, "every.nothing", json!({}), Json::Null)?;
        let fails = call(client, "every.fail", json!({ "code": 1 }))?.ended;
        let low = Ended::Error { code: 1, name: Some("Low".to_owned()) };
        ensure!(fails == low, "it ended with {fails}");

        // 150 bytes there and 151 back: both are lent.
        let data: Vec<u8> = (0..150).collect();
        let mut answer: Vec<u8> = (1..=150).collect();
        answer.push(150);
        gives(client, "every.large", json!({ "data": data }), json!(answer))?;

        let values = Map::from_iter([("skip".to_owned(), json!(2))]);
        let leases = [write("into", 3), read("from", b"abcdefgh")];
        let copied = client.call("every.copy", &values, &leases)?;
        ensure!(copied.ended == Ended::Value(json!(3)), "copied: {}", copied.ended);
        let output = copied.outputs.first().context("no output")?;
        ensure!(*output == ("into".to_owned(), b"cde".to_vec()), "copied: {output:?}");

        // A structure in the reply, and a slice of structures of 48 bytes.
        let values = Map::from_iter([("from".to_owned(), json!(0))]);
        let block = client.call("store.read", &values, &[write("into", 96)])?;
        let empty = json!({ "count": 0, "oldest": 0, "newest": 0, "appended": 0 });
        ensure!(block.ended == Ended::Value(empty), "the store says {}", block.ended);
        let us = block.us.context("no time")?;
        ensure!((0.1..1000.0).contains(&us), "a call took {us} us");
        let odd = client.call("store.read", &values, &[write("into", 95)]);
        let odd = odd.err().context("95 bytes were accepted")?.to_string();
        ensure!(odd.contains("95 bytes, and an element") && odd.contains("takes 48"), "{odd}");
        Ok(())
    })
}

/// What came of a raw request.
fn raw<M: Memory>(client: &mut Client<'_, M>, request: &Request) -> Result<(Outcome, u64)> {
    let reply = client.send(request)?;
    let outcome = Outcome::from_u32(reply.outcome).context("an unknown outcome")?;
    Ok((outcome, reply.detail))
}

fn port<M: Memory>(client: &Client<'_, M>, name: &str) -> Result<u32> {
    Ok(client.agent().port(name)?.number)
}

/// A request with one lease, for `copy` of `every`, whose first lease is `from`.
fn one_lease<M: Memory>(client: &Client<'_, M>, offset: u32, length: u32) -> Result<Request> {
    let port = port(client, "every")?;
    let mut request =
        Request { port, operation: 22, length: 4, lease_count: 2, ..Request::default() };
    request.leases[0] = LeaseRange { offset, length, rights: LEASE_R };
    request.leases[1] = LeaseRange { offset: 0, length: 8, rights: LEASE_W };
    Ok(request)
}

fn refused(system: &System) -> Result<()> {
    system.with(|client| {
        let error =
            |client: &mut Client<'_, FileMemory>, what: &str| match call(client, what, json!({})) {
                Ok(called) => bail!("{what} ended with {}", called.ended),
                Err(error) => Ok(error.to_string()),
            };
        let expected = [
            (
                "store.append",
                "app.toml does not grant `append` of `store` to `rpc`; port `store` may do: read",
            ),
            ("store.raed", "`store` has no operation `raed`; port `store` may do: read"),
            ("stroe.read", "`rpc` has no port `stroe`; it has every, store, supervisor"),
            ("store", "`store` is not PORT.OPERATION, such as `store.read`"),
        ];
        for (what, wanted) in expected {
            let found = error(client, what)?;
            ensure!(found == wanted, "{what}: {found}");
        }
        // The same by number: the agent itself knows what it may do, and is not stopped.
        let (store, every) = (port(client, "store")?, port(client, "every")?);
        let append = Request { port: store, operation: 1, length: 48, ..Request::default() };
        let too_long = Request { port: every, operation: 1, length: 65, ..Request::default() };
        let data_size = client.agent().data_size as u32;
        let cases = [
            (append, Outcome::NotGranted, 1 << 2),
            (Request { port: 3, ..Request::default() }, Outcome::NoPort, 3),
            (too_long, Outcome::TooLong, 64),
            (one_lease(client, 0, data_size + 1)?, Outcome::LeaseRange, 0),
            (one_lease(client, u32::MAX, 8)?, Outcome::LeaseRange, 0),
        ];
        let generation = client.ready()?.generation;
        for (request, outcome, detail) in cases {
            let found = raw(client, &request)?;
            ensure!(found == (outcome, detail), "{request:?}: {found:?}");
        }
        ensure!(client.ready()?.generation == generation, "the agent was restarted");
        gives(client, "every.echo_u8", json!({ "value": 7 }), json!(7))
    })
}

fn dies(system: &System) -> Result<()> {
    system.with(|client| {
        let died = call(client, "every.die", json!({ "generation": 1 }))?;
        ensure!((&died.ended, died.attempts) == (&Ended::Died, 1), "it ended with {died:?}");
        let alive = call(client, "every.die", json!({ "generation": 1 }))?;
        ensure!(alive.ended == Ended::Value(json!(1)), "it ended with {alive:?}");
        // Dies once more on it, and is asked once more.
        let again = call(client, "every.die_repeatable", json!({ "generation": 2 }))?;
        ensure!((&again.ended, again.attempts) == (&Ended::Value(json!(2)), 2), "{again:?}");
        let never = call(client, "every.die_repeatable", json!({ "generation": 1000 }))?;
        ensure!((&never.ended, never.attempts) == (&Ended::Died, 5), "it ended with {never:?}");
        Ok(())
    })
}

fn stopped(system: &System) -> Result<()> {
    system.with(|client| {
        let before = client.ready()?.generation;
        // 25 elements, and the interface allows 24: the server stops its caller.
        let request = one_lease(client, 0, 25)?;
        let found = raw(client, &request)?;
        ensure!(found == (Outcome::Stopped, u64::from(before)), "{found:?}");
        ensure!(client.ready()?.generation == before + 1, "it is no new life");
        // A value that is none of its type, with the reason from the supervisor.
        let values = json!({ "value": "hex:01" });
        let refused = call(client, "every.echo_color", values)?.ended;
        let why = Some("`every` refused the message: BadMessageContents".to_owned());
        let generation = u64::from(before + 1);
        ensure!(refused == Ended::Stopped { generation, why }, "it ended with {refused}");
        // Restarted in the middle of its own call, by whom it calls.
        let index = client.agent().index;
        let call_it = call(client, "supervisor.restart", json!({ "task": index }))?.ended;
        let stopped = matches!(call_it, Ended::Stopped { generation, .. } if generation == u64::from(before) + 2);
        ensure!(stopped, "it ended with {call_it}");
        gives(client, "every.echo_u8", json!({ "value": 8 }), json!(8))
    })
}

fn vanishes(system: &System) -> Result<()> {
    system.with(|client| {
        gives(client, "every.echo_u8", json!({ "value": 1 }), json!(1))?;
        let mailbox = client.agent().physical;
        let taken = client.ready()?.taken;
        let request = Request { port: 0, operation: 1, length: 1, ..Request::default() };
        // Gone before the bell, and with half of it.
        client.memory().write(mailbox + REQUEST as u64, &[0xee; 100])?;
        client.memory().write(mailbox + BELL as u64, &request.bell(taken + 1)[..4])?;
        let answered = |client: &mut Client<'_, FileMemory>, number| -> Result<Option<Outcome>> {
            let until = Instant::now() + LIMIT;
            loop {
                let status = client.ready()?;
                if status.whole && status.reply.answered == number {
                    return Ok(Outcome::from_u32(status.reply.outcome));
                }
                ensure!(Instant::now() < until, "no answer to {number}");
                client.memory().run(Duration::from_millis(1))?;
            }
        };
        ensure!(answered(client, taken + 1)? == Some(Outcome::Torn), "half a request was taken");
        // One who comes back late with a number that is used up.
        client.memory().write(mailbox + REQUEST as u64, &request.to_bytes())?;
        client.memory().write(mailbox + BELL as u64, &request.bell(taken))?;
        ensure!(answered(client, taken)? == Some(Outcome::Stale), "an old request was taken");
        ensure!(client.ready()?.taken == taken, "something was done");
        gives(client, "every.echo_u8", json!({ "value": 2 }), json!(2))
    })
}

/// A generator of numbers that anybody can repeat: splitmix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, end: u64) -> u32 {
        (self.next() % end) as u32
    }

    /// Mostly small, sometimes anything.
    fn some(&mut self, end: u64) -> u32 {
        if self.below(16) == 0 { self.next() as u32 } else { self.below(end) }
    }

    fn request(&mut self) -> Request {
        let mut request = Request {
            port: self.some(4),
            operation: self.some(28),
            length: [0, 1, 4, 8, self.some(70)][self.below(5) as usize],
            lease_count: [0, 0, 0, 2, self.some(10)][self.below(5) as usize],
            ..Request::default()
        };
        for word in &mut request.words {
            *word = [0, 1, u64::from(self.below(8)), self.next()][self.below(4) as usize];
        }
        for lease in &mut request.leases {
            let (offset, length) = (self.some(4200), self.some(200));
            *lease = LeaseRange { offset, length, rights: self.some(4) };
        }
        request
    }
}

fn random(system: &System) -> Result<()> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seed = std::env::var("EXOV6_RPC_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or(now.subsec_nanos().into());
    say!("rpc: seed {seed} (EXOV6_RPC_SEED={seed} repeats it)");
    system.with(|client| {
        let mut dice = Dice(seed);
        let mut outcomes: BTreeMap<u32, u32> = BTreeMap::new();
        for number in 0..REQUESTS {
            let request = dice.request();
            let reply = client
                .send(&request)
                .with_context(|| format!("seed {seed}, request {number}: {request:?}"))?;
            *outcomes.entry(reply.outcome).or_default() += 1;
        }
        // Most kinds of ends are among them, or this tests little.
        for outcome in [Outcome::Replied, Outcome::Stopped, Outcome::NoPort, Outcome::NotGranted] {
            ensure!(outcomes.contains_key(&(outcome as u32)), "never {outcome:?}: {outcomes:?}");
        }
        gives(client, "every.echo_u64", json!({ "value": seed }), json!(seed))
    })
}

fn through_gdb(system: &System) -> Result<()> {
    // A port that nobody has now; if somebody takes it first, the emulator says so.
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let options = Options {
        time: Time::Virtual,
        gdb: Some(port),
        limit: Some(LIMIT * 6),
        ..Options::default()
    };
    let live = Live::start(&system.archive, &system.image, &options)?;
    let address = format!("127.0.0.1:{port}");
    let target = connect(&address)?;
    let mut client = Client::new(&system.archive, None, target, LIMIT)?;
    let result = (|| {
        gives(&mut client, "every.echo_u32", json!({ "value": 42 }), json!(42))?;
        let data = vec![1_u8; 150];
        let mut answer = vec![2_u8; 150];
        answer.push(150);
        gives(&mut client, "every.large", json!({ "data": data }), json!(answer))?;
        let request = one_lease(&client, 0, 25)?;
        let found = raw(&mut client, &request)?;
        ensure!(found.0 == Outcome::Stopped, "{found:?}");
        gives(&mut client, "every.echo_bool", json!({ "value": true }), json!(true))
    })();
    drop(client);
    said(&live, result)?;
    // It was left running, and another debugger finds it as it is.
    let mut client = Client::new(&system.archive, None, connect(&address)?, LIMIT)?;
    ensure!(client.ready()?.generation == 1, "it was reset");
    gives(&mut client, "every.echo_u8", json!({ "value": 3 }), json!(3))
}

/// The emulator takes a moment to listen.
fn connect(address: &str) -> Result<gdb::Target> {
    let until = Instant::now() + LIMIT;
    loop {
        match gdb::Target::connect(address, Duration::from_secs(2)) {
            Ok(target) => return Ok(target),
            Err(gdb::Error::Connect { .. }) if Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

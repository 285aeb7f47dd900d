//! `cargo xtask rpc`: a call to a server of a running image, through its rpc agent.

use crate::live::Live;
use crate::out::say;
use crate::progress::Bar;
use crate::{dist, place, time};
use anyhow::{Context, Result, bail};
use exov6_archive::Archive;
use exov6_emulate::{Options, Time};
use exov6_probe::rpc::{Agent, Called, Client, Ended, LeaseInput};
use exov6_probe::{FileMemory, Memory, gdb, ram_base};
use serde_json::{Map, Value as Json, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Arguments of `rpc`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The app.toml or its directory [default: the workspace's]; what to call,
    /// PORT.OPERATION; its arguments, name=value or one JSON object
    words: Vec<String>,
    /// Print what may be called
    #[arg(long)]
    list: bool,
    /// What to lend: name=hex:0a0b, name=FILE (both to read), name=LENGTH (to write)
    #[arg(long, value_name = "NAME=WHAT")]
    lease: Vec<String>,
    /// Write what the server wrote into a lease to a file
    #[arg(long, value_name = "NAME=FILE")]
    save: Vec<String>,
    /// Call through this agent, if there are several
    #[arg(long, value_name = "TASK")]
    agent: Option<String>,
    /// Use a target behind a GDB server instead of starting one, such as that of
    /// `cargo xtask run --gdb`
    #[arg(long, value_name = "HOST:PORT")]
    connect: Option<String>,
    /// Wait no longer than this for an answer: 500ms, 5s
    #[arg(long, value_name = "TIME", value_parser = time::parse, default_value = "10s")]
    limit: Duration,
    /// Use the image for this board instead of the one that app.toml names
    #[arg(long)]
    board: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Calls, prints what came of it, ends.
pub fn main(arguments: &Arguments) -> Result<ExitCode> {
    let root = place::root()?;
    let (app, call, values) = split(&arguments.words)?;
    if call.is_none() && !arguments.list {
        bail!("what is to be called? `--list` prints what may be");
    }
    let leases = arguments.lease.iter().map(|text| lease(text)).collect::<Result<Vec<_>>>()?;
    let saves = arguments
        .save
        .iter()
        .map(|text| text.split_once('=').with_context(|| format!("`{text}` is not NAME=FILE")))
        .collect::<Result<Vec<_>>>()?;
    let app = place::app(app, &root)?;
    let built = dist::build(&root, &app, arguments.board.as_deref(), &mut Bar::new())?;
    let archive = exov6_archive::read(&built.archive)?;
    let Some(call) = call else {
        list(&Agent::find(&archive, arguments.agent.as_deref())?, arguments.json)?;
        return Ok(ExitCode::SUCCESS);
    };
    // A wrong name or value is told before anything runs.
    let mut dry = Client::new(&archive, arguments.agent.as_deref(), Nothing, arguments.limit)?;
    dry.plan(call, &values, &leases)?;
    let agent = arguments.agent.as_deref();
    let called = match &arguments.connect {
        Some(address) => {
            let target = gdb::Target::connect(address, Duration::from_secs(5))?;
            Client::new(&archive, agent, target, arguments.limit)?.call(call, &values, &leases)?
        }
        None => {
            let directory = tempfile::tempdir()?;
            let path = directory.path().join("memory");
            let (_live, memory) = boot(&archive, &built.image, &path, arguments.limit)?;
            Client::new(&archive, agent, memory, arguments.limit)?.call(call, &values, &leases)?
        }
    };
    for (name, file) in saves {
        let output = called.outputs.iter().find(|(output, _)| output == name);
        let (_, bytes) = output.with_context(|| format!("nothing was written to `{name}`"))?;
        std::fs::write(file, bytes).with_context(|| file.to_owned())?;
    }
    print(&called, arguments.json)?;
    Ok(match called.ended {
        Ended::Value(_) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    })
}

/// Starts an image with its memory in a file.
pub fn boot<'a>(
    archive: &'a Archive,
    image: &Path,
    path: &Path,
    limit: Duration,
) -> Result<(Live<'a>, FileMemory)> {
    let options = Options {
        time: Time::Virtual,
        memory: Some(path.to_owned()),
        // Of each of a few answers, and the boot.
        limit: Some(limit * 10),
        ..Options::default()
    };
    let live = Live::start(archive, image, &options)?;
    let base = ram_base(archive).context("the archive does not say where memory begins")?;
    Ok((live, FileMemory::open(path, base)?))
}

/// No target: for what can be said without one.
struct Nothing;

impl Memory for Nothing {
    fn read(&mut self, _: u64, into: &mut [u8]) -> Result<(), exov6_probe::MemoryError> {
        into.fill(0);
        Ok(())
    }
    fn write(&mut self, _: u64, _: &[u8]) -> Result<(), exov6_probe::MemoryError> {
        Ok(())
    }
    fn run(&mut self, _: Duration) -> Result<(), exov6_probe::MemoryError> {
        Ok(())
    }
}

type Split<'a> = (Option<&'a Path>, Option<&'a str>, Map<String, Json>);

/// The application, the call and its arguments.
fn split(words: &[String]) -> Result<Split<'_>> {
    let mut words = words.iter().map(String::as_str).peekable();
    let is_app = |word: &&str| word.contains(['/', '\\']) || word.ends_with(".toml");
    let is_directory = |word: &&str| Path::new(word).join("app.toml").is_file();
    let app = words.next_if(|word| !word.contains('=') && (is_app(word) || is_directory(word)));
    let call = words.next();
    let mut values = Map::new();
    for word in words {
        if word.starts_with('{') {
            let object: Map<String, Json> = serde_json::from_str(word)
                .with_context(|| format!("`{word}` is no JSON object"))?;
            values.extend(object);
            continue;
        }
        let (name, value) = word
            .split_once('=')
            .with_context(|| format!("`{word}` is neither name=value nor a JSON object"))?;
        if values.insert(name.to_owned(), Json::from(value)).is_some() {
            bail!("argument `{name}` is given twice");
        }
    }
    Ok((app.map(Path::new), call, values))
}

/// Reads `name=hex:…`, `name=LENGTH`, `name=FILE`.
fn lease(text: &str) -> Result<LeaseInput> {
    let (name, what) = text.split_once('=').with_context(|| {
        format!("`{text}` is not NAME=WHAT, such as into=64, from=hex:0a0b or from=FILE")
    })?;
    let name = name.to_owned();
    if let Some(digits) = what.strip_prefix("hex:") {
        let bytes = exov6_probe::types::from_hex(digits)?;
        return Ok(LeaseInput { name, bytes: Some(bytes), room: None });
    }
    if let Ok(room) = what.parse() {
        return Ok(LeaseInput { name, bytes: None, room: Some(room) });
    }
    let file = PathBuf::from(what);
    let bytes = std::fs::read(&file).with_context(|| format!("lease `{name}`: {what}"))?;
    Ok(LeaseInput { name, bytes: Some(bytes), room: None })
}

fn list(agent: &Agent, as_json: bool) -> Result<()> {
    if as_json {
        let ports = agent.ports.iter().map(|port| {
            let operations: Vec<Json> = port
                .signatures()
                .into_iter()
                .map(|(signature, doc)| json!({ "call": signature, "doc": doc }))
                .collect();
            json!({ "port": port.name, "server": port.server, "operations": operations })
        });
        let ports: Vec<Json> = ports.collect();
        say!("{}", serde_json::to_string_pretty(&json!({ "agent": agent.name, "ports": ports }))?);
        return Ok(());
    }
    for port in &agent.ports {
        for (signature, doc) in port.signatures() {
            say!("{}.{signature}", port.name);
            if let Some(doc) = doc {
                say!("    {}", doc.lines().next().unwrap_or_default());
            }
        }
        if let Err(why) = &port.interface {
            say!("    (of `{}` only names are known: {why})", port.server);
        }
    }
    Ok(())
}

fn print(called: &Called, as_json: bool) -> Result<()> {
    if as_json {
        say!("{}", serde_json::to_string_pretty(&called.json())?);
        return Ok(());
    }
    say!("{}", called.ended);
    for (name, bytes) in &called.outputs {
        say!("{name}: {} bytes: {}", bytes.len(), gdb::packet::hex(bytes));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{lease, split};
    use std::path::Path;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn the_application_may_be_left_out() {
        let line = words("test/rpc store.read from=0 {\"x\":[1]}");
        let (app, call, values) = split(&line).unwrap();
        assert_eq!((app, call), (Some(Path::new("test/rpc")), Some("store.read")));
        assert_eq!((values["from"].as_str(), values["x"][0].as_u64()), (Some("0"), Some(1)));
        let line = words("store.read path=a/b");
        assert_eq!(split(&line).unwrap().1, Some("store.read"));
        assert_eq!(split(&[]).unwrap().1, None);
        for (line, error) in [
            ("a.b c", "`c` is neither name=value nor a JSON object"),
            ("a.b c=1 c=2", "argument `c` is given twice"),
            ("a.b {c", "`{c` is no JSON object"),
        ] {
            assert_eq!(split(&words(line)).unwrap_err().to_string(), error);
        }
    }

    #[test]
    fn a_lease_is_bytes_a_file_or_room() {
        let bytes = lease("from=hex:0a0b").unwrap();
        assert_eq!((bytes.name.as_str(), bytes.bytes), ("from", Some(vec![10, 11])));
        assert_eq!(lease("into=64").unwrap().room, Some(64));
        let error = lease("from=/nowhere/at/all").unwrap_err().to_string();
        assert_eq!(error, "lease `from`: /nowhere/at/all");
        assert!(lease("from").is_err() && lease("from=hex:0").is_err());
    }
}

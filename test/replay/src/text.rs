//! Text: a script as people read it, one line a step.

use crate::arguments::{self, CALLS};
use crate::step::{Act, EXCEPTIONS, Lend, MAX_LENDS, Outcome, Place, Value};
use abi::fault::FaultKind;
use abi::syscall;
use std::fmt::Write;

/// A step of a script.
#[allow(clippy::large_enum_variant, reason = "most steps are a task's")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Task `task`, whose turn it must be, does something.
    Task {
        /// Its index.
        task: usize,
        /// What.
        act: Act,
    },
    /// So many microseconds pass.
    Pass(u64),
    /// A device raises the interrupt of this number.
    Interrupt(u32),
}

/// A step and what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The step.
    pub step: Step,
    /// What came of it, where that is known.
    pub outcome: Option<Outcome>,
}

/// A script.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// Its lines, in order.
    pub lines: Vec<Line>,
}

const STATUS: [(u64, &str); 8] = [
    (syscall::DEAD, "DEAD"),
    (syscall::TIMEOUT, "TIMEOUT"),
    (syscall::NO_GAS, "NO_GAS"),
    (syscall::DEFECT, "DEFECT"),
    (syscall::NONE, "NONE"),
    (syscall::NOTIFIED, "NOTIFIED"),
    (syscall::TIMED_OUT, "TIMED_OUT"),
    (1 << 63, "2^63"),
];

fn number(value: u64) -> String {
    match STATUS.iter().find(|(status, _)| *status == value) {
        Some((_, name)) => (*name).to_owned(),
        None if value > u64::MAX - 0x10_0000 => format!("top-{:#x}", u64::MAX - value),
        None if value < 10_000 => value.to_string(),
        None => format!("{value:#x}"),
    }
}

fn value(value: Value, tasks: &[String]) -> String {
    match value {
        Value::Number(n) => number(n),
        Value::At(at, offset) => {
            let name = Place::ALL.iter().find(|(p, _)| *p == at).map_or("?", |(_, name)| name);
            match offset {
                0 => name.to_owned(),
                1.. => format!("{name}+{offset:#x}"),
                _ => format!("{name}-{:#x}", offset.unsigned_abs()),
            }
        }
        Value::After(us) => format!("+{us}us"),
        Value::Handle(task, generation) => match tasks.get(task as usize) {
            Some(name) => format!("{name}.{generation}"),
            None => number(syscall::caller(task, generation)),
        },
        Value::Header(operation, length, leases) => format!("{operation}/{length}/{leases}"),
    }
}

fn list(words: &[u64; 8]) -> Option<String> {
    let used = words.iter().rposition(|word| *word != 0)?;
    Some(words[..=used].iter().map(|word| number(*word)).collect::<Vec<_>>().join(","))
}

/// How a fault kind is written.
#[must_use]
pub fn fault(kind: FaultKind) -> String {
    format!("{kind:?}")
}

/// How an outcome is written. `to` is the act that it is of.
#[must_use]
pub fn outcome(outcome: &Outcome, of: &Act, tasks: &[String]) -> String {
    match *outcome {
        Outcome::Byte(byte) => format!("byte {byte}"),
        Outcome::Done => "done".to_owned(),
        Outcome::Fault(kind) => format!("fault {}", fault(kind)),
        Outcome::Ended => "ended".to_owned(),
        Outcome::Waits => "waits".to_owned(),
        Outcome::Returned { results, words } => {
            let call = match of {
                Act::Call { number, .. } => arguments::of_number(*number),
                _ => None,
            };
            let count = call.map_or(3, |call| call.results);
            let receives = call.is_some_and(|call| call.name.contains("recv"));
            let message = receives && results[0] < syscall::TIMED_OUT;
            let mut text = String::from("got");
            for (at, result) in results.iter().enumerate().take(count) {
                let shown = match at {
                    0 if message => {
                        let task = syscall::caller_index(*result);
                        value(Value::Handle(task, syscall::caller_generation(*result)), tasks)
                    }
                    2 if message && *result >> 40 == 0 => value(header(*result), tasks),
                    _ => number(*result),
                };
                let _ = write!(text, " {shown}");
            }
            if let Some(words) = list(&words) {
                let _ = write!(text, " [{words}]");
            }
            text
        }
    }
}

fn header(word: u64) -> Value {
    Value::Header(
        syscall::header_operation(word),
        syscall::header_length(word),
        syscall::header_leases(word),
    )
}

fn act(act: &Act, tasks: &[String]) -> String {
    match *act {
        Act::Read(at) => format!("read {}", value(at, tasks)),
        Act::Write(at, byte) => format!("write {} {byte}", value(at, tasks)),
        Act::Execute(at) => format!("execute {}", value(at, tasks)),
        Act::Except(kind) => format!("except {}", fault(kind)),
        Act::Work(until) => format!("work {until}"),
        Act::Call { number: nr, words, arguments, lends } => {
            let known = arguments::of_number(nr);
            let mut text = match known {
                Some(call) => call.name.to_owned(),
                None => format!("system-call {nr}"),
            };
            for (at, argument) in arguments.into_iter().enumerate().filter(|(_, a)| !a.is_zero()) {
                let name = known.and_then(|call| call.arguments.get(at)).filter(|n| !n.is_empty());
                let name = name.map_or(format!("x{}", at + 8), |name| (*name).to_owned());
                let _ = write!(text, " {name}={}", value(argument, tasks));
            }
            if let Some(words) = list(&words) {
                let _ = write!(text, " words={words}");
            }
            let lends: Vec<String> = lends
                .into_iter()
                .flatten()
                .map(|Lend { address, length, rights }| {
                    let rights = match rights {
                        1 => "r".to_owned(),
                        2 => "w".to_owned(),
                        3 => "rw".to_owned(),
                        other => other.to_string(),
                    };
                    format!("{}:{length}:{rights}", value(address, tasks))
                })
                .collect();
            if !lends.is_empty() {
                let _ = write!(text, " lend={}", lends.join(","));
            }
            text
        }
    }
}

impl Line {
    /// As text.
    #[must_use]
    pub fn show(&self, tasks: &[String]) -> String {
        match &self.step {
            Step::Pass(us) => format!("+{us} us"),
            Step::Interrupt(irq) => format!("irq {irq}"),
            Step::Task { task, act: done } => {
                let name = tasks.get(*task).map_or("?", String::as_str);
                let text = format!("{name}: {}", act(done, tasks));
                match &self.outcome {
                    Some(out) => format!("{text} => {}", outcome(out, done, tasks)),
                    None => text,
                }
            }
        }
    }
}

impl Script {
    /// As text, one line a step; `tasks` are the names of the tasks.
    #[must_use]
    pub fn show(&self, tasks: &[String]) -> String {
        self.lines.iter().map(|line| line.show(tasks) + "\n").collect()
    }

    /// From text. Empty lines and what follows `#` are ignored.
    ///
    /// # Errors
    /// What is wrong, with the number of its line.
    pub fn read(text: &str, tasks: &[String]) -> Result<Self, String> {
        let mut lines = vec![];
        for (at, text) in text.lines().enumerate() {
            let text = text.split('#').next().unwrap_or_default().trim();
            if !text.is_empty() {
                let line = read_line(text, tasks);
                lines.push(line.map_err(|error| format!("line {}: {error}", at + 1))?);
            }
        }
        Ok(Script { lines })
    }
}

fn read_line(text: &str, tasks: &[String]) -> Result<Line, String> {
    if let Some(rest) = text.strip_prefix('+') {
        let us = rest.trim().strip_suffix("us").ok_or("time is written `+500 us`")?;
        return Ok(Line { step: Step::Pass(read_number(us.trim())?), outcome: None });
    }
    if let Some(rest) = text.strip_prefix("irq ") {
        let irq = u32::try_from(read_number(rest.trim())?).map_err(|e| e.to_string())?;
        return Ok(Line { step: Step::Interrupt(irq), outcome: None });
    }
    let (name, rest) = text.split_once(':').ok_or("a step is `TASK: WHAT`, `+N us` or `irq N`")?;
    let task = tasks.iter().position(|task| task == name.trim());
    let task = task.ok_or_else(|| format!("there is no task `{}`", name.trim()))?;
    let (act, outcome) = match rest.split_once("=>") {
        Some((act, outcome)) => (act, Some(outcome)),
        None => (rest, None),
    };
    let act = read_act(act.trim(), tasks)?;
    let outcome = outcome.map(|text| read_outcome(text.trim(), tasks)).transpose()?;
    Ok(Line { step: Step::Task { task, act }, outcome })
}

fn read_number(text: &str) -> Result<u64, String> {
    if let Some((status, _)) = STATUS.iter().find(|(_, name)| *name == text) {
        return Ok(*status);
    }
    if let Some(below) = text.strip_prefix("top-") {
        return Ok(u64::MAX - read_number(below)?);
    }
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => text.parse(),
    }
    .map_err(|_| format!("`{text}` is no number"))
}

fn read_value(text: &str, tasks: &[String]) -> Result<Value, String> {
    if let Some(us) = text.strip_prefix('+').and_then(|text| text.strip_suffix("us")) {
        return Ok(Value::After(read_number(us)?));
    }
    for (place, name) in Place::ALL {
        let Some(rest) = text.strip_prefix(name) else { continue };
        let offset = match rest.split_at_checked(1) {
            None => 0,
            Some(("+", offset)) => read_number(offset)? as i64,
            Some(("-", offset)) => (read_number(offset)? as i64).wrapping_neg(),
            Some(_) => continue,
        };
        return Ok(Value::At(place, offset));
    }
    let parts: Vec<&str> = text.split('/').collect();
    if let [operation, length, leases] = parts[..] {
        let short = |text| u16::try_from(read_number(text)?).map_err(|e| e.to_string());
        let leases = u8::try_from(read_number(leases)?).map_err(|e| e.to_string())?;
        return Ok(Value::Header(short(operation)?, short(length)?, leases));
    }
    if let Some((name, generation)) = text.rsplit_once('.')
        && let Some(task) = tasks.iter().position(|task| task == name)
    {
        let generation = u32::try_from(read_number(generation)?).map_err(|e| e.to_string())?;
        return Ok(Value::Handle(task as u32, generation));
    }
    Ok(Value::Number(read_number(text)?))
}

fn read_words(text: &str) -> Result<[u64; 8], String> {
    let mut words = [0; 8];
    let given: Vec<&str> = text.split(',').collect();
    if given.len() > 8 {
        return Err("there are eight message words".into());
    }
    for (to, from) in words.iter_mut().zip(given) {
        *to = read_number(from.trim())?;
    }
    Ok(words)
}

fn read_lends(text: &str, tasks: &[String]) -> Result<[Option<Lend>; MAX_LENDS], String> {
    let mut lends = [None; MAX_LENDS];
    let given: Vec<&str> = text.split(',').collect();
    if given.len() > MAX_LENDS {
        return Err(format!("a step lends at most {MAX_LENDS} times"));
    }
    for (to, from) in lends.iter_mut().zip(given) {
        let [address, length, rights] = from.split(':').collect::<Vec<_>>()[..] else {
            return Err(format!("`{from}` is not ADDRESS:LENGTH:RIGHTS"));
        };
        let rights = match rights {
            "r" => 1,
            "w" => 2,
            "rw" => 3,
            other => u32::try_from(read_number(other)?).map_err(|e| e.to_string())?,
        };
        let length = u32::try_from(read_number(length)?).map_err(|e| e.to_string())?;
        *to = Some(Lend { address: read_value(address, tasks)?, length, rights });
    }
    Ok(lends)
}

fn read_act(text: &str, tasks: &[String]) -> Result<Act, String> {
    let mut parts = text.split_whitespace();
    let name = parts.next().ok_or("the task does nothing")?;
    let mut next = |what: &str| parts.next().ok_or(format!("`{name}` needs {what}"));
    let act = match name {
        "read" => Act::Read(read_value(next("an address")?, tasks)?),
        "execute" => Act::Execute(read_value(next("an address")?, tasks)?),
        "write" => {
            let at = read_value(next("an address")?, tasks)?;
            let byte = u8::try_from(read_number(next("a byte")?)?).map_err(|e| e.to_string())?;
            Act::Write(at, byte)
        }
        "except" => {
            let kind = next("a fault")?;
            let found = EXCEPTIONS.iter().find(|(_, name)| *name == kind);
            Act::Except(found.ok_or(format!("no task can bring about `{kind}`"))?.0)
        }
        "work" => Act::Work(read_number(next("a time")?)?),
        _ => {
            let (number, known) = match (name, arguments::of_name(name)) {
                (_, Some(call)) => (call.number, Some(call)),
                ("system-call", None) => {
                    let number = read_number(next("a number")?)?;
                    (u16::try_from(number).map_err(|e| e.to_string())?, None)
                }
                _ => {
                    let names: Vec<&str> = CALLS.iter().map(|call| call.name).collect();
                    return Err(format!(
                        "`{name}` is none of read, write, execute, except, system-call, {}",
                        names.join(", ")
                    ));
                }
            };
            let (mut words, mut lends) = ([0; 8], [None; MAX_LENDS]);
            let mut arguments = [Value::Number(0); 5];
            for part in parts.by_ref() {
                let (key, given) =
                    part.split_once('=').ok_or(format!("`{part}` is no KEY=VALUE"))?;
                match key {
                    "words" => words = read_words(given)?,
                    "lend" => lends = read_lends(given, tasks)?,
                    _ => {
                        let named = known
                            .and_then(|call| call.arguments.iter().position(|name| *name == key));
                        let register = key.strip_prefix('x').and_then(|n| n.parse::<usize>().ok());
                        let at = named.or(register.and_then(|n| n.checked_sub(8)));
                        let argument = at.and_then(|at| arguments.get_mut(at));
                        *argument.ok_or(format!("`{name}` has no argument `{key}`"))? =
                            read_value(given, tasks)?;
                    }
                }
            }
            Act::Call { number, words, arguments, lends }
        }
    };
    match parts.next() {
        Some(more) => Err(format!("`{more}` is too much")),
        None => Ok(act),
    }
}

fn read_outcome(text: &str, tasks: &[String]) -> Result<Outcome, String> {
    let (kind, rest) = text.split_once(' ').unwrap_or((text, ""));
    Ok(match kind {
        "byte" => Outcome::Byte(u8::try_from(read_number(rest)?).map_err(|e| e.to_string())?),
        "done" => Outcome::Done,
        "ended" => Outcome::Ended,
        "waits" => Outcome::Waits,
        "fault" => {
            let kinds = (0..=u8::MAX).filter_map(FaultKind::from_u8);
            let found = kinds.into_iter().find(|kind| fault(*kind) == rest);
            Outcome::Fault(found.ok_or(format!("there is no fault `{rest}`"))?)
        }
        "got" => {
            let (results, words) = match rest.split_once('[') {
                Some((results, words)) => (results, words.strip_suffix(']').ok_or("no `]`")?),
                None => (rest, "0"),
            };
            let mut got = [0; 3];
            for (to, from) in got.iter_mut().zip(results.split_whitespace()) {
                *to = read_value(from, tasks)?.resolve(|_| 0, |_| 0);
            }
            Outcome::Returned { results: got, words: read_words(words)? }
        }
        _ => return Err(format!("`{kind}` is no outcome: got, byte, done, fault, ended, waits")),
    })
}

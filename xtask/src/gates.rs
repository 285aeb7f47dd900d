//! `cargo xtask gates`: figures of the kernel and of the source, and their limits.

use crate::out::say;
use crate::progress::Bar;
use crate::{dist, place};
use anyhow::{Result, anyhow};
use exov6_gates::{Gate, Inputs, Verdict};
use std::process::ExitCode;

/// Arguments of `gates`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only these gates
    #[arg(value_name = "NAME", value_parser = named)]
    names: Vec<Gate>,
    /// Only print what the gates are
    #[arg(long)]
    list: bool,
    /// Print the verdicts as JSON
    #[arg(long)]
    json: bool,
    /// Print what each figure is made of
    #[arg(long, short)]
    verbose: bool,
}

fn named(name: &str) -> Result<Gate, String> {
    let names = || Gate::ALL.map(Gate::name).join(", ");
    Gate::named(name).ok_or_else(|| format!("there is no such gate; there are {}", names()))
}

/// Tries gates; fails if one of them does.
pub fn main(arguments: &Arguments) -> Result<ExitCode> {
    if arguments.list {
        for gate in Gate::ALL {
            say!("{:16}{}", gate.name(), gate.holds());
        }
        return Ok(ExitCode::SUCCESS);
    }
    let wanted = |gate: &Gate| arguments.names.is_empty() || arguments.names.contains(gate);
    let gates: Vec<Gate> = Gate::ALL.into_iter().filter(wanted).collect();
    let root = place::root()?;
    let build = |app: &str| dist::build(&root, &root.join(app), None, &mut Bar::new());
    // Built when first needed: what is known without is told first.
    let (mut app, mut tests) = (None, None);

    let mut verdicts = vec![];
    for gate in gates {
        if gate.needs_app() && app.is_none() {
            app = Some(build("app.toml")?);
        }
        if gate.needs_tests() && tests.is_none() {
            tests = Some(build("test/app.toml")?);
        }
        let inputs = Inputs { root: &root, app: app.as_ref(), tests: tests.as_ref() };
        let mut progress = |run: &str| eprintln!("     Running {}: {run}", gate.name());
        let verdict = exov6_gates::judge(gate, &inputs, &mut progress)
            .map_err(|error| anyhow!("gate {}: {error}", gate.name()))?;
        if !arguments.json {
            show(&verdict, arguments.verbose);
        }
        verdicts.push(verdict);
    }
    let failed: Vec<&str> = verdicts.iter().filter(|v| !v.passed).map(|v| v.gate).collect();
    if arguments.json {
        say!("{}", serde_json::to_string_pretty(&verdicts)?);
    } else if failed.is_empty() {
        say!("{} hold", count(verdicts.len()));
    } else {
        say!("{} of {} FAILED: {}", failed.len(), count(verdicts.len()), failed.join(", "));
    }
    Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn count(gates: usize) -> String {
    format!("{gates} {}", if gates == 1 { "gate" } else { "gates" })
}

/// A line for a verdict; below it, who is to blame, and what it is made of.
fn show(verdict: &Verdict, verbose: bool) {
    let Verdict { gate, passed, value, limit, unit, summary, culprits, details } = verdict;
    let result = if *passed { "ok" } else { "FAILED" };
    let most = limit.map_or(String::new(), |limit| format!("/ {limit}"));
    say!("{result:7}{gate:16}{value:>7} {most:<8}{unit}: {summary}");
    culprits.iter().for_each(|culprit| say!("       {culprit}"));
    if verbose {
        details.iter().for_each(|detail| say!("           {detail}"));
    }
}

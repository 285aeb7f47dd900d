//! `cargo xtask idol`: what interface files say, as a table or as JSON.

use crate::out::say;
use crate::table::Table;
use anyhow::{Context, Result};
use exov6_idol::{Errors, Interface, Row};
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `idol`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The .idol files
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Print JSON: the interfaces, and what is wrong with those that cannot be read
    #[arg(long)]
    json: bool,
}

/// Reads all files and shows them; fails if something is wrong with one.
pub fn main(arguments: &Arguments) -> Result<ExitCode> {
    let mut interfaces = vec![];
    let mut errors = vec![];
    for file in &arguments.files {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        match exov6_idol::parse(&file.display().to_string(), &text) {
            Ok(interface) => interfaces.push(interface),
            Err(Errors(all)) => errors.extend(all),
        }
    }
    if arguments.json {
        let interfaces: Vec<_> = interfaces.iter().map(exov6_idol::describe).collect();
        let all = serde_json::json!({ "interfaces": interfaces, "errors": errors });
        say!("{}", serde_json::to_string_pretty(&all)?);
    } else {
        for (i, interface) in interfaces.iter().enumerate() {
            if i > 0 {
                say!("");
            }
            show(interface);
        }
        for error in &errors {
            eprintln!("{error}");
        }
    }
    Ok(if errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn show(interface: &Interface) {
    say!("{}", interface.name);
    for line in interface.doc.iter().flat_map(|doc| doc.trim().lines()) {
        say!("    {}", line.trim());
    }
    let mut table = Table::new(&[
        ">#",
        "operation",
        "args",
        "reply",
        "encoding",
        "transport",
        "repeated",
        "error",
        "leases",
    ]);
    for row in exov6_idol::rows(interface) {
        let Row { number, name, args, reply, encoding, transport, leases, error, idempotent } = row;
        table.row([
            number.to_string(),
            name,
            args,
            reply,
            encoding.to_string(),
            transport,
            if idempotent { "yes" } else { "no" }.to_owned(),
            error,
            leases,
        ]);
    }
    say!("{table}");
}

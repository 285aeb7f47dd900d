//! `cargo xtask`: the command line of exov6.
//!
//! One file per subcommand. Each reads its arguments, calls a library under
//! `build/`, and prints; what can be tested without a terminal is in the library.
#![forbid(unsafe_code)]

mod check;
mod clippy;
mod debug;
mod dist;
mod doc;
mod explain;
mod gates;
mod idol;
mod live;
mod map;
mod new;
mod out;
mod place;
mod progress;
mod rpc;
mod run;
mod schema;
mod screen;
mod setup;
mod sizes;
mod table;
mod terminal;
mod test;
mod time;
mod verify;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Builds, checks, runs and tests exov6 images.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Find what this machine lacks for building and running images, and install it
    Setup(setup::Arguments),
    /// Begin an application, a task of one, or a board
    New(new::Arguments),
    /// Check an app.toml without building anything
    Check(check::Arguments),
    /// Say more about a rule: why it is, what breaks it, how to mend that
    Explain(explain::Arguments),
    /// Print the JSON Schema of app.toml, boards or chips
    Schema(schema::Arguments),
    /// Show what .idol files say: operations, sizes, encodings, transports
    Idol(idol::Arguments),
    /// Build an image and its archive
    Dist(dist::Arguments),
    /// Build an image and run it in the emulator
    Run(run::Arguments),
    /// Call a server of a running image, through its rpc agent
    Rpc(rpc::Arguments),
    /// Run the tests: host, target, and whole system
    Test(test::Arguments),
    /// Show where everything lies: in memory, or in the address space of a task
    Map(map::Arguments),
    /// Lint the crates that are built for the target, or one task as it is built
    Clippy(clippy::Arguments),
    /// Prove what a finished image isolates from what, and print who can touch what
    Verify(verify::Arguments),
    /// Show what each task takes of the machine's memory
    Sizes(sizes::Arguments),
    /// Write the documentation of a task, as it is built
    Doc(doc::Arguments),
    /// Hold figures of the kernel and of the source against their limits
    Gates(gates::Arguments),
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Setup(arguments) => setup::main(&arguments),
        Command::New(arguments) => new::main(&arguments),
        Command::Check(arguments) => check::main(&arguments),
        Command::Explain(arguments) => explain::main(&arguments),
        Command::Schema(arguments) => schema::main(&arguments),
        Command::Idol(arguments) => idol::main(&arguments),
        Command::Dist(arguments) => dist::main(&arguments),
        Command::Run(arguments) => run::main(&arguments),
        Command::Rpc(arguments) => rpc::main(&arguments),
        Command::Test(arguments) => test::main(&arguments),
        Command::Map(arguments) => map::main(&arguments),
        Command::Clippy(arguments) => clippy::main(&arguments),
        Command::Verify(arguments) => verify::main(&arguments),
        Command::Sizes(arguments) => sizes::main(&arguments),
        Command::Doc(arguments) => doc::main(&arguments),
        Command::Gates(arguments) => gates::main(&arguments),
    };
    done.unwrap_or_else(|error| {
        let text = format!("{error:#}");
        // Diagnostics about files bring their own `error`.
        let prefix = if text.starts_with("error") { "" } else { "error: " };
        eprintln!("{prefix}{}", text.trim_end());
        ExitCode::FAILURE
    })
}

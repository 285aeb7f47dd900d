//! `cargo xtask new`: the beginning of an application, of a task, of a board.

use crate::out::say;
use crate::place;
use anyhow::Result;
use exov6_new::{App, Board, Made, Task};
use std::path::PathBuf;
use std::process::ExitCode;

/// Arguments of `new`.
#[derive(clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// An application with a workspace of its own, here or anywhere
    App {
        /// Where; the directory must be empty or not there yet
        directory: PathBuf,
        /// The board that it is for
        #[arg(long, default_value = "qemu-virt")]
        board: String,
        /// Its name [default: that of the directory]
        #[arg(long)]
        name: Option<String>,
    },
    /// A task of an application: a crate, and its lines in app.toml
    Task {
        /// Its name
        name: String,
        /// Let it serve an interface of its own
        #[arg(long)]
        server: bool,
        /// Let it call this task; may be given several times
        #[arg(long, value_name = "TASK")]
        client_of: Vec<String>,
        /// The app.toml, or its directory [default: the nearest]
        #[arg(long)]
        app: Option<PathBuf>,
    },
    /// A board of an application, as a copy of another
    Board {
        /// Its name
        name: String,
        /// The board to begin with
        #[arg(long, default_value = "qemu-virt")]
        from: String,
        /// The app.toml, or its directory [default: the nearest]
        #[arg(long)]
        app: Option<PathBuf>,
    },
}

/// Makes it, and says how to go on.
pub fn main(arguments: &Arguments) -> Result<ExitCode> {
    let root = place::root()?;
    match &arguments.what {
        What::App { directory, board, name } => {
            let directory = &place::absolute(directory)?;
            let made =
                exov6_new::app(&App { directory, name: name.as_deref(), board, root: &root })?;
            show(&made);
            let here = std::env::current_dir().unwrap_or_default();
            say!("\nnext:");
            exov6_new::next_steps(directory, &here).iter().for_each(|line| say!("    {line}"));
        }
        What::Task { name, server, client_of, app } => {
            let app = place::app(app.as_deref(), &root)?;
            let request = Task { name, server: *server, client_of, app: &app, root: &root };
            show(&exov6_new::task(&request)?);
            say!("\nnext: write what it does, then `cargo xtask run`");
        }
        What::Board { name, from, app } => {
            let app = place::app(app.as_deref(), &root)?;
            show(&exov6_new::board(&Board { name, from, app: &app, root: &root })?);
            say!("\nnext: make it that of your machine, then `cargo xtask check --board {name}`");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show(made: &Made) {
    for path in &made.files {
        say!("made     {}", place::shown(path));
    }
    for path in &made.changed {
        say!("changed  {}", place::shown(path));
    }
}

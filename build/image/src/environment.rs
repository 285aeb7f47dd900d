//! Environment: what a task's crate sees while it is compiled for an image.
//!
//! Tools that look at a task (clippy, rustdoc) must be told the same as the compiler: its
//! target, and its part of the application, by way of the build script.

use crate::{Error, outside, programs, source};
use exov6_config::Variant;
use exov6_toolchain::Toolchain;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How a task's crate is compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// Name of the package.
    pub package: String,
    /// Directory of the crate.
    pub directory: PathBuf,
    /// Which of its binaries, if it has several.
    pub bin: Option<String>,
    /// The target.
    pub target: &'static str,
    /// The task model, which the build script reads.
    pub model: PathBuf,
}

/// Why there is no environment for a task.
#[derive(Debug, thiserror::Error)]
pub enum NoEnvironment {
    /// The application has no task of this name.
    #[error("{app} has no task `{task}`{}", help.as_ref().map(|h| format!("; {h}")).unwrap_or_default())]
    NoTask {
        /// Name of the application.
        app: String,
        /// The task that was asked for.
        task: String,
        /// The nearest that there is.
        help: Option<String>,
    },
    /// The application is wrong, or its files cannot be written.
    #[error(transparent)]
    Build(#[from] Error),
}

/// Prepares the environment of one task of the application at `app`.
///
/// # Errors
/// An application that does not pass `check`, and a task that it has not.
pub fn environment(
    toolchain: &Toolchain,
    app: &Path,
    variant: &Variant<'_>,
    root: &Path,
    task: &str,
) -> Result<Environment, NoEnvironment> {
    let (model, linked) = source::load(app, variant, root).map_err(Error::from)?;
    let Some(task) = model.task(task) else {
        let names = model.tasks.iter().map(|task| task.name.as_str());
        let help = exov6_config::did_you_mean(task, names);
        return Err(NoEnvironment::NoTask { app: model.name.clone(), task: task.to_owned(), help });
    };
    outside::claim(toolchain, &linked)?;
    let own = &linked.tasks[task.index];
    // Where a build of the image puts the same.
    let inputs = programs::inputs(toolchain, &model, &linked, task)?;
    Ok(Environment {
        package: own.package.clone(),
        directory: own.directory.clone(),
        bin: own.bin.clone(),
        target: inputs.target,
        model: inputs.model,
    })
}

impl Environment {
    /// Adds to a command of cargo's what makes it see the crate as a build of the image
    /// does.
    pub fn enter(&self, command: &mut Command) {
        match &self.bin {
            Some(bin) => command.args(["--release", "--bin", bin]),
            None => command.args(["--release", "--bins"]),
        };
        command.arg("--manifest-path").arg(self.directory.join("Cargo.toml"));
        command.env("EXOV6_TASK_MODEL", &self.model);
    }
}

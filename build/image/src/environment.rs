//! Environment: what a task's crate sees while it is compiled for an image.
//!
//! Tools that look at a task (clippy, rustdoc) must be told the same as the compiler: its
//! target, its binary, and its part of the application by way of the build script.

use crate::span::{self, Placed};
use crate::{Error, outside, script, source, task_model, write_if_changed};
use exov6_config::model::{Model, Task};
use exov6_config::{Linked, Variant};
use exov6_toolchain::{HARD, SOFT, Toolchain};
use std::path::{Path, PathBuf};
use std::process::Command;

/// How a task's crate is compiled.
#[derive(Clone, Debug)]
pub struct Environment {
    /// Name of the package.
    pub package: String,
    /// Directory of the crate.
    pub directory: PathBuf,
    /// The binary, if the crate has several.
    pub bin: Option<String>,
    /// The target.
    pub target: &'static str,
    /// The task model, which the build script reads.
    pub model: PathBuf,
    /// Its text.
    pub(crate) json: String,
    /// Text of the linker script.
    pub(crate) script: String,
    /// Where the pieces lie that are placed before the task is compiled.
    pub(crate) fixed: Vec<Placed>,
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
    Ok(prepare(toolchain, &model, &linked, task)?)
}

/// Writes what a task's build script and linker are to read.
pub(crate) fn prepare(
    toolchain: &Toolchain,
    model: &Model,
    linked: &Linked,
    task: &Task,
) -> Result<Environment, Error> {
    let own = &linked.tasks[task.index];
    let fixed = span::fixed(model, task);
    let models = toolchain.target_dir.join("models").join(&model.name);
    let script_path = models.join(format!("{}.ld", task.name));
    let script = script::task(task, &fixed);
    write_if_changed(&script_path, script.as_bytes())?;
    let json = format!("{:#}\n", task_model::json(model, linked, task, &fixed, &script_path));
    let path = models.join(format!("{}.json", task.name));
    write_if_changed(&path, json.as_bytes())?;
    Ok(Environment {
        package: own.package.clone(),
        directory: own.directory.clone(),
        bin: own.bin.clone(),
        target: if task.fp { HARD } else { SOFT },
        model: path,
        json,
        script,
        fixed,
    })
}

impl Environment {
    /// Adds to a command of cargo's what makes it see the crate as a build of the image
    /// does.
    pub fn enter(&self, command: &mut Command) {
        command.args(["--release", "--manifest-path"]).arg(self.directory.join("Cargo.toml"));
        match &self.bin {
            Some(bin) => command.args(["--bin", bin]),
            None => command.arg("--bins"),
        };
        command.env("EXOV6_TASK_MODEL", &self.model);
    }
}

//! exov6-task-build: the build script of every task.
//!
//! ```text
//!   EXOV6_TASK_MODEL=…/control.json ─┐
//!                                    ├─► TaskModel ──► task.rs ──► userlib::task!()
//!   no model: Cargo.toml's metadata ─┘       ▲
//!                                    .idol files
//! ```
//!
//! A task's `build.rs` is `fn main() { exov6_task_build::main(); }`. When an image is
//! built, the build tools hand over the task's part of the checked system as one
//! JSON file ([`TaskModel`]); what the task may use becomes constants with names,
//! and each interface it calls or serves becomes a module. A name that `app.toml`
//! does not give to this task is then a compile error in the task.
//!
//! Without the variable (`cargo check`, editors, tests on the host) the same
//! constants are made up from `[package.metadata.exov6]` of the crate itself
//! ([`metadata`]).
//!
//! A build script talks to cargo by printing: only [`main`] does that.
#![forbid(unsafe_code)]

mod config;
mod emit;
mod error;
mod interfaces;
pub mod metadata;
mod model;
mod names;

pub use emit::emit;
pub use error::Error;
pub use interfaces::find;
pub use model::TaskModel;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// Environment variable with the absolute path of the task model.
pub const MODEL_VARIABLE: &str = "EXOV6_TASK_MODEL";

/// What a build script must tell cargo and the compiler.
#[derive(Debug)]
pub struct Output {
    /// Text of `task.rs`.
    pub code: String,
    /// For binaries with metadata of their own: name, and text of `task-NAME.rs`.
    pub bins: Vec<(String, String)>,
    /// Files that the text was made from.
    pub inputs: Vec<PathBuf>,
    /// Linker script, when an image is built.
    pub linker_script: Option<PathBuf>,
}

/// Writes `task.rs` for the crate that is being built, and tells cargo what it
/// depends on. To be called from `build.rs`, which cargo runs with the variables
/// that this needs.
pub fn main() {
    println!("cargo::rerun-if-env-changed={MODEL_VARIABLE}");
    let directory = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let model = env::var_os(MODEL_VARIABLE).map(PathBuf::from);
    let result = match &model {
        Some(file) => for_image(&directory, file),
        None => for_host(&directory),
    };
    match result {
        Ok(output) => finish(&output),
        Err(error) => fail(&error),
    }
}

fn finish(output: &Output) {
    for input in &output.inputs {
        println!("cargo::rerun-if-changed={}", input.display());
    }
    if let Some(script) = &output.linker_script {
        println!("cargo::rerun-if-changed={}", script.display());
        println!("cargo::rustc-link-arg-bins=-T{}", script.display());
    }
    let directory = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let bins = output.bins.iter().map(|(bin, code)| (format!("task-{bin}.rs"), code));
    for (file, code) in bins.chain([("task.rs".to_owned(), &output.code)]) {
        let path = directory.join(file);
        if let Err(error) = fs::write(&path, code) {
            fail(&Error::new(format!("cannot write {}: {error}", path.display())));
        }
    }
}

/// Ends the build with a message: cargo prints it and stops, without the clutter of
/// a build script that ends badly.
fn fail(error: &Error) {
    for input in &error.inputs {
        println!("cargo::rerun-if-changed={}", input.display());
    }
    for line in error.to_string().lines() {
        println!("cargo::error={line}");
    }
}

/// The constants of a task in an image, from its task model.
///
/// # Errors
/// A file that cannot be read or is not what it should be, and a configuration
/// value of another type than the crate expects.
pub fn for_image(directory: &Path, model_file: &Path) -> Result<Output, Error> {
    let text = read(model_file)?;
    let in_model = |error: Error| error.with_input(model_file);
    let mut model =
        TaskModel::from_json(&model_file.display().to_string(), &text).map_err(in_model)?;
    let manifest = directory.join("Cargo.toml");
    let declared = metadata::read(&manifest, model.bin.as_deref())?;
    config::convert(&mut model.config, &declared.config)
        .map_err(|error| error.with_input(model_file).with_input(&manifest))?;
    model.any_ports = declared.any_ports;
    metadata::add_optional_posts(&mut model.posts, &declared.optional_posts);
    let (modules, mut inputs) = interfaces::modules(&model, &declared)?;
    inputs.extend([model_file.to_owned(), manifest]);
    let code = emit(&model, &modules).map_err(in_model)?;
    // Also under the name that a binary with metadata of its own includes.
    let own = model.bin.filter(|bin| declared.bins.contains(bin));
    let bins = own.into_iter().map(|bin| (bin, code.clone())).collect();
    Ok(Output { code, bins, inputs, linker_script: Some(model.linker_script) })
}

/// The same constants with made-up values, from the crate's own `Cargo.toml`.
///
/// # Errors
/// A file that cannot be read or is not what it should be.
pub fn for_host(directory: &Path) -> Result<Output, Error> {
    let manifest = directory.join("Cargo.toml");
    let in_manifest = |error: Error| error.with_input(&manifest);
    let declared = metadata::read(&manifest, None)?;
    let surroundings = metadata::Surroundings::of(directory, &declared);
    let mut inputs = vec![];
    let mut code = |declared: &metadata::Metadata| {
        let model = metadata::stub(declared, directory, &surroundings).map_err(in_manifest)?;
        let (modules, used) = interfaces::modules(&model, declared)?;
        inputs.extend(used);
        emit(&model, &modules).map_err(in_manifest)
    };
    let all = code(&declared)?;
    let mut bins = vec![];
    for bin in &declared.bins {
        bins.push((bin.clone(), code(&metadata::read(&manifest, Some(bin))?)?));
    }
    inputs.push(manifest);
    inputs.extend(surroundings.app);
    Ok(Output { code: all, bins, inputs, linker_script: None })
}

fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path)
        .map_err(|error| Error::new(format!("cannot read {}: {error}", path.display())))
}

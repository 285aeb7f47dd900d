//! Programs: every task and the kernel, built where they changed and kept where not.

use crate::kept::Kept;
use crate::place::LinkedTask;
use crate::span::Placed;
use crate::{Error, Progress, Request};
use crate::{cargo, elf, outside, script, span, stack, task_model, write_if_changed};
use exov6_config::model::{Model, Profile, Task};
use exov6_config::{Linked, LinkedTask as Crate};
use exov6_toolchain::{HARD, SOFT, Toolchain};
use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// What an image is packed from.
pub(crate) struct Programs {
    /// The tasks, linked in their spans, in index order.
    pub tasks: Vec<LinkedTask>,
    /// The kernel's static library.
    pub kernel: PathBuf,
    /// Names of those that had to be compiled.
    pub compiled: Vec<String>,
}

/// Builds what has changed since it was built last.
pub(crate) fn build(
    request: &Request<'_>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Programs, Error> {
    let place = request.toolchain.target_dir.join("kept");
    let _alone = alone(&place, progress)?;
    outside::claim(request.toolchain, request.linked)?;
    let mut builder = Builder { request, progress, compiled: vec![] };
    let mut kept = Kept::new(place.join(request.model.build_name()));
    let mut tasks = vec![];
    for (task, own) in request.model.tasks.iter().zip(&request.linked.tasks) {
        tasks.push(builder.task(task, own, &mut kept)?);
    }
    let kernel = builder.kernel(&mut Kept::new(place.join("kernel")))?;
    Ok(Programs { tasks, kernel, compiled: builder.compiled })
}

/// What a task's crate is compiled with, besides its sources.
pub(crate) struct Inputs {
    /// The pieces of its span that have a place already.
    pub fixed: Vec<Placed>,
    /// Text of its linker script.
    pub script: String,
    /// Its task model, as JSON.
    pub json: String,
    /// Where that is.
    pub model: PathBuf,
    /// Its target.
    pub target: &'static str,
}

/// Writes a task's linker script and its model to where cargo finds them.
pub(crate) fn inputs(
    toolchain: &Toolchain,
    model: &Model,
    linked: &Linked,
    task: &Task,
) -> Result<Inputs, Error> {
    let fixed = span::fixed(model, task);
    let models = toolchain.target_dir.join("models").join(&model.name);
    let path = models.join(format!("{}.ld", task.name));
    let script = script::task(task, &fixed);
    write_if_changed(&path, script.as_bytes())?;
    let json = format!("{:#}\n", task_model::json(model, linked, task, &fixed, &path));
    let path = models.join(format!("{}.json", task.name));
    write_if_changed(&path, json.as_bytes())?;
    let target = if task.fp { HARD } else { SOFT };
    Ok(Inputs { fixed, script, json, model: path, target })
}

struct Builder<'a, 'b> {
    request: &'a Request<'a>,
    progress: &'b mut dyn FnMut(Progress),
    compiled: Vec<String>,
}

impl Builder<'_, '_> {
    fn task(&mut self, task: &Task, own: &Crate, kept: &mut Kept) -> Result<LinkedTask, Error> {
        let Request { model, linked, toolchain, .. } = *self.request;
        let Inputs { fixed, script, json, model: path, target } =
            inputs(toolchain, model, linked, task)?;
        let mut recipe = recipe(toolchain, target);
        // Where it is, too: another application may have the same names.
        recipe.extend([own.package.clone(), own.directory.display().to_string()]);
        recipe.extend([own.bin.clone().unwrap_or_default(), script, json]);

        let name = format!("{}.elf", task.name);
        let program = match kept.find(&name, &recipe) {
            Some(program) => program,
            None => {
                (self.progress)(Progress::Task {
                    name: task.name.clone(),
                    number: task.index + 1,
                    of: model.tasks.len(),
                });
                let began = SystemTime::now();
                let progress = &mut |line: &str| (self.progress)(Progress::Cargo(line.to_owned()));
                let bin = own.bin.as_deref();
                let Crate { directory, package, .. } = own;
                let made =
                    cargo::task(toolchain, target, directory, package, bin, &path, progress)?;
                if made.compiled {
                    self.compiled.push(task.name.clone());
                }
                let mut inputs = made.packages;
                inputs.extend(surroundings(&own.directory, toolchain));
                inputs.extend(interfaces(own));
                kept.put(&name, &recipe, inputs, &made.file, began)?
            }
        };
        stack::give(model, task, elf::Program::read(&program)?, fixed)
    }

    fn kernel(&mut self, kept: &mut Kept) -> Result<PathBuf, Error> {
        let Request { model, toolchain, root, .. } = *self.request;
        let mut features = vec![];
        features.extend(model.checks.then_some("checks"));
        features.extend((model.profile == Profile::Release).then_some("release"));
        let name = format!("{}.a", [&["kern"], &features[..]].concat().join("-"));
        let mut recipe = recipe(toolchain, SOFT);
        recipe.extend(features.iter().map(|feature| (*feature).to_owned()));
        if let Some(library) = kept.find(&name, &recipe) {
            return Ok(library);
        }
        (self.progress)(Progress::Kernel);
        let began = SystemTime::now();
        let progress = &mut |line: &str| (self.progress)(Progress::Cargo(line.to_owned()));
        let made = cargo::kernel(toolchain, SOFT, root, &features, progress)?;
        if made.compiled {
            self.compiled.push("kernel".to_owned());
        }
        let mut inputs = made.packages;
        inputs.extend(surroundings(&root.join("kern"), toolchain));
        kept.put(&name, &recipe, inputs, &made.file, began)
    }
}

/// Waits until no other build writes here; the lock is given up with the file.
fn alone(place: &Path, progress: &mut dyn FnMut(Progress)) -> Result<File, Error> {
    let path = place.join("lock");
    let failed = |source| Error::Write { path: path.clone(), source };
    std::fs::create_dir_all(place).map_err(failed)?;
    let file = File::create(&path).map_err(failed)?;
    if file.try_lock().is_err() {
        progress(Progress::Waiting);
        file.lock().map_err(failed)?;
    }
    Ok(file)
}

/// What every program for `target` is made with.
fn recipe(toolchain: &Toolchain, target: &str) -> Vec<String> {
    let mut recipe = vec![
        toolchain.version.to_string(),
        toolchain.sysroot.display().to_string(),
        toolchain.linker.display().to_string(),
        target.to_owned(),
    ];
    recipe.extend(toolchain.rustflags(target));
    recipe
}

/// Files that cargo obeys when it builds the package in `directory`, whether they are
/// there or not.
fn surroundings(directory: &Path, toolchain: &Toolchain) -> BTreeSet<PathBuf> {
    let workspace = outside::workspace_of(directory);
    let workspace = workspace.as_deref().unwrap_or(directory);
    let mut files: BTreeSet<PathBuf> =
        ["Cargo.toml", "Cargo.lock"].iter().map(|name| workspace.join(name)).collect();
    for above in toolchain.root.ancestors() {
        files.extend(["config.toml", "config"].map(|name| above.join(".cargo").join(name)));
    }
    files
}

/// Files of the interfaces that a task serves or calls.
fn interfaces(own: &Crate) -> impl Iterator<Item = PathBuf> {
    let called = own.ports.iter().map(|port| &port.interface);
    own.serves.iter().chain(called).map(|facts| facts.path.clone())
}

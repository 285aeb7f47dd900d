//! `cargo xtask dist`: an image and its archive.

use crate::out::say;
use crate::progress::Bar;
use crate::{place, setup, verify};
use anyhow::Result;
use exov6_archive::Archive;
use exov6_config::Variant;
use exov6_config::model::Profile;
use exov6_image::{Artifacts, Request};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `dist`.
#[derive(clap::Args)]
pub struct Arguments {
    /// The app.toml, or its directory [default: the workspace's]
    app: Option<PathBuf>,
    /// Build for this board instead of the one that app.toml names
    #[arg(long)]
    board: Option<String>,
    /// Build for the field: without exit, semihosting, injected faults, boot info, and
    /// without tasks that are `debug-only`
    #[arg(long)]
    release: bool,
}

/// Builds and says where the results are.
pub fn main(arguments: &Arguments) -> Result<ExitCode> {
    let root = place::root()?;
    let app = place::app(arguments.app.as_deref(), &root)?;
    let profile = if arguments.release { Profile::Release } else { Profile::Debug };
    let variant = Variant { board: arguments.board.as_deref(), profile };
    let built = build_for(&root, &app, &variant, &mut Bar::new())?;
    let manifest = &built.manifest;
    say!(
        "{} for {}: {} tasks, {} KiB, image id {}",
        manifest.name,
        manifest.board,
        manifest.tasks.len(),
        manifest.size.0.div_ceil(1024),
        manifest.image_id.get(..16).unwrap_or(&manifest.image_id)
    );
    say!("    compiled: {}", compiled(&built.compiled, manifest.tasks.len()));
    if arguments.release {
        say!("    release: no exit, no semihosting, no injected faults, no boot info");
        for what in &manifest.left_out {
            say!("    left out: {what}");
        }
    }
    for path in [&built.image, &built.elf, &built.archive] {
        say!("    {}", place::shown(path));
    }
    Ok(ExitCode::SUCCESS)
}

/// What had to be compiled, of the tasks and the kernel.
fn compiled(names: &[String], tasks: usize) -> String {
    let kept = tasks + 1 - names.len();
    match names {
        [] => "nothing, all is as it was".to_owned(),
        _ if kept == 0 => "everything".to_owned(),
        names => format!("{} (of the rest, {kept}, nothing has changed)", names.join(", ")),
    }
}

/// The archive that is meant: the one given, or that of an application, which is built.
pub fn archive(app: Option<&Path>, board: Option<&str>) -> Result<Archive> {
    if let Some(path) = app
        && path.extension().is_some_and(|extension| extension == "zip")
    {
        return Ok(exov6_archive::read(path)?);
    }
    let root = place::root()?;
    let app = place::app(app, &root)?;
    let built = build(&root, &app, board, &mut Bar::new())?;
    Ok(exov6_archive::read(&built.archive)?)
}

/// Builds the application at `app`, for another board than its own if one is given.
pub fn build(root: &Path, app: &Path, board: Option<&str>, bar: &mut Bar) -> Result<Artifacts> {
    build_for(root, app, &Variant { board, ..Variant::default() }, bar)
}

/// Builds the application at `app`, in a variant.
pub fn build_for(
    root: &Path,
    app: &Path,
    variant: &Variant<'_>,
    bar: &mut Bar,
) -> Result<Artifacts> {
    let toolchain = setup::toolchain(root)?;
    // What is wrong with the description is told before anything is compiled.
    let loaded = exov6_image::load(app, variant, root);
    let (model, linked) = loaded.map_err(exov6_image::Error::from)?;
    let out = place::out(root, app, &model.build_name());
    let request =
        Request { model: &model, linked: &linked, root, out: &out, toolchain: &toolchain };
    let built = exov6_image::build(&request, &mut |progress| bar.show(&progress));
    bar.clear();
    let built = built?;
    verify::built(&built)?;
    Ok(built)
}

//! `cargo xtask dist`: an image and its archive.

use crate::out::say;
use crate::progress::Bar;
use crate::{place, setup};
use anyhow::Result;
use exov6_config::Variant;
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
}

/// Builds and says where the results are.
pub fn main(arguments: &Arguments) -> Result<ExitCode> {
    let root = place::root()?;
    let app = place::app(arguments.app.as_deref(), &root)?;
    let built = build(&root, &app, arguments.board.as_deref(), &mut Bar::new())?;
    let manifest = &built.manifest;
    say!(
        "{} for {}: {} tasks, {} KiB, image id {}",
        manifest.name,
        manifest.board,
        manifest.tasks.len(),
        manifest.size.0.div_ceil(1024),
        manifest.image_id.get(..16).unwrap_or(&manifest.image_id)
    );
    for path in [&built.image, &built.elf, &built.archive] {
        say!("    {}", place::shown(path));
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds the application at `app`, for another board than its own if one is given.
pub fn build(root: &Path, app: &Path, board: Option<&str>, bar: &mut Bar) -> Result<Artifacts> {
    let toolchain = setup::toolchain(root)?;
    // The name decides where the results go. What is wrong with the file is told
    // here, before anything is compiled.
    let variant = Variant { board, ..Variant::default() };
    let model = exov6_config::load_for(app, &variant, &exov6_image::search(app, root));
    let model = model.map_err(exov6_image::Error::from)?;
    let out = place::out(root, app, &model.build_name());
    let request = Request { app, board, root, out: &out, toolchain: &toolchain };
    let built = exov6_image::build(&request, &mut |progress| bar.show(&progress));
    bar.clear();
    Ok(built?)
}

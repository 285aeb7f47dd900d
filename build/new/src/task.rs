//! A new task of an application: its crate, its lines in `app.toml`, and its interface.
//!
//! Where it comes in: in the last band, with the lowest number that is free below whoever
//! is more urgent already and below the servers that it calls.

use crate::files::{Plan, fill, read};
use crate::manifest::Workspace;
use crate::{Error, Made, camel_case, check_name};
use exov6_config::{Linked, Model, Variant};
use std::path::{Path, PathBuf};
use toml_edit::DocumentMut;

const PLAIN: &str = include_str!("../templates/task/plain.rs");
const SERVER: &str = include_str!("../templates/task/server.rs");
const INTERFACE: &str = include_str!("../templates/task/task.idol");
const BUILD: &str = include_str!("../templates/app/task/client/build.rs");

/// A new task.
#[derive(Clone, Copy, Debug)]
pub struct Task<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether it serves an interface of its own.
    pub server: bool,
    /// Tasks that it calls.
    pub client_of: &'a [String],
    /// The application: its `app.toml`, absolute.
    pub app: &'a Path,
    /// Root of exov6.
    pub root: &'a Path,
}

/// A task that the new one calls.
struct Server {
    /// Name of the task.
    task: String,
    /// File name of its interface.
    file: String,
    /// The generated client: module and type.
    module: String,
    client: String,
    /// Lines of dependencies that the interface's types need.
    imports: Vec<(String, String)>,
}

/// Makes a task that the application passes `check` with, and builds with.
///
/// # Errors
/// A name that does not do or is taken, a task to call that there is not or that serves
/// nothing, and an application that is wrong without the new task already.
pub fn task(request: &Task<'_>) -> Result<Made, Error> {
    let Task { name, app, root, .. } = *request;
    check_name("a task", name, "")?;
    let config = |errors| Error::Config(Box::new(errors));
    let (model, linked) = exov6_image::load(app, &Variant::default(), root).map_err(config)?;
    if model.task(name).is_some() {
        let help = "it has a task of this name; choose another";
        return Err(Error::Exists { path: app.to_owned(), help });
    }
    let parent = app.parent().unwrap_or(Path::new("."));
    let directory = parent.join("task").join(name);
    if directory.exists() {
        return Err(Error::Exists { path: directory, help: "choose another name" });
    }
    let exov6 = Workspace::read(root)?;
    let workspace = Workspace::above(parent)?;
    let mut servers = vec![];
    for server in request.client_of {
        servers.push(called(server, &model, &linked, &workspace, &directory)?);
    }
    // As the names of packages are here: exov6's own are `task-NAME`.
    let prefix = if workspace.directory == root { "task" } else { &model.name };
    let package = format!("{prefix}-{name}");

    let mut plan = Plan::default();
    let manifest = manifest(request, &package, &servers, &workspace, &directory, &exov6);
    plan.create(directory.join("Cargo.toml"), manifest);
    plan.create(directory.join("build.rs"), BUILD.to_owned());
    plan.create(directory.join("src/main.rs"), code(request, &servers));
    if request.server {
        let text = fill(INTERFACE, &[("TASK", name), ("INTERFACE", &camel_case(name))]);
        plan.create(parent.join("idl").join(name).with_extension("idol"), text);
    }
    if let Some(text) = workspace.with_member(&directory) {
        plan.change(workspace.path(), text);
    }
    let text = entry(request, &package, &servers, &model);
    let text = appended(app, &read(app)?, &text)?;
    plan.change(app.to_owned(), text);
    let made = plan.write()?;
    exov6_image::load(app, &Variant::default(), root).map_err(config)?;
    Ok(made)
}

/// What the new task must know of one that it calls.
fn called(
    name: &str,
    model: &Model,
    linked: &Linked,
    workspace: &Workspace,
    directory: &Path,
) -> Result<Server, Error> {
    let Some(task) = model.task(name) else {
        let names = model.tasks.iter().map(|task| task.name.as_str());
        let help = exov6_config::did_you_mean(name, names);
        return Err(Error::Unknown { what: "there is no task", name: name.to_owned(), help });
    };
    let own = &linked.tasks[task.index];
    let Some(facts) = &own.serves else {
        let serving = model.tasks.iter().zip(&linked.tasks).filter(|(_, own)| own.serves.is_some());
        let names: Vec<&str> = serving.map(|(task, _)| task.name.as_str()).collect();
        let help = (!names.is_empty()).then(|| format!("servers are {}", names.join(", ")));
        return Err(Error::Unknown {
            what: "nothing is served by task",
            name: name.to_owned(),
            help,
        });
    };
    let text = read(&facts.path)?;
    let place = |why: String| Error::Place { path: facts.path.clone(), why };
    let interface = exov6_idol::parse(&facts.path.display().to_string(), &text)
        .map_err(|errors| place(errors.to_string()))?;
    let mut imports = vec![];
    for library in imported(&text) {
        let line = workspace.imported(&own.directory, &library, directory).ok_or_else(|| {
            place(format!(
                "its types are those of crate `{library}`, which {} has not among its \
                 dependencies",
                own.directory.join("Cargo.toml").display()
            ))
        })?;
        imports.push(line);
    }
    Ok(Server {
        task: name.to_owned(),
        file: facts.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        module: interface.module(),
        client: interface.name,
        imports,
    })
}

/// The libraries whose types an interface names: the first words of its `imports`.
fn imported(idol: &str) -> Vec<String> {
    let list = idol.split_once("imports:").and_then(|(_, rest)| rest.split_once(']'));
    let paths = list.map(|(list, _)| list).unwrap_or_default().split('"').skip(1).step_by(2);
    let mut libraries: Vec<String> =
        paths.filter_map(|path| Some(path.split("::").next()?.to_owned())).collect();
    libraries.sort();
    libraries.dedup();
    libraries
}

fn manifest(
    request: &Task<'_>,
    package: &str,
    servers: &[Server],
    workspace: &Workspace,
    directory: &Path,
    exov6: &Workspace,
) -> String {
    let Task { name, server, .. } = *request;
    let mut text = format!("[package]\nname = \"{package}\"\n");
    text.push_str(&workspace.package_lines());
    text.push_str("\n[package.metadata.exov6]\n");
    if server {
        text.push_str(&format!("serves = \"{name}.idol\"\n"));
    } else {
        text.push_str("timers = [\"tick\"]\n");
    }
    if !servers.is_empty() {
        let ports: Vec<String> =
            servers.iter().map(|s| format!("{} = \"{}\"", s.task, s.file)).collect();
        text.push_str(&format!("ports = {{ {} }}\n", ports.join(", ")));
    }
    text.push_str(&format!(
        "\n[[bin]]\nname = \"{package}\"\npath = \"src/main.rs\"\ntest = false\nbench = false\n\n\
         [dependencies]\n"
    ));
    let mut lines: Vec<(String, String)> =
        servers.iter().flat_map(|server| server.imports.clone()).collect();
    for name in ["defmt", "idol-runtime", "userlib"] {
        lines.push((name.to_owned(), workspace.dependency(name, directory, exov6)));
    }
    lines.sort();
    lines.dedup();
    lines.iter().for_each(|(_, line)| text.push_str(line));
    text.push_str("\n[build-dependencies]\n");
    text.push_str(&workspace.dependency("exov6-task-build", directory, exov6));
    text.push_str(workspace.lints());
    text
}

fn code(request: &Task<'_>, servers: &[Server]) -> String {
    let Task { name, server, .. } = *request;
    let interface = camel_case(name);
    let module = name.replace('-', "_");
    let mut uses: Vec<String> =
        servers.iter().map(|s| format!("use idl::{}::{};\n", s.module, s.client)).collect();
    if server {
        uses.push(format!("use idl::{module}::{interface}Server;\n"));
        uses.push("use idol_runtime::Message;\n".to_owned());
    } else {
        uses.push("use userlib::{Ticks, time};\n".to_owned());
    }
    uses.sort();
    uses.dedup();
    let ports: String = servers
        .iter()
        .map(|s| {
            let (variable, constant) = (s.task.replace('-', "_"), s.task.to_uppercase());
            format!(
                "    // To call `{}`: what it does is in `{}`.\n    \
                 let _{variable} = {}::new(ports::{});\n",
                s.task,
                s.file,
                s.client,
                constant.replace('-', "_")
            )
        })
        .collect();
    let template = if server { SERVER } else { PLAIN };
    let values = [
        ("TASK", name),
        ("INTERFACE", &interface),
        ("MODULE", &module),
        ("USE", &uses.concat()),
        ("PORTS", &ports),
    ];
    fill(template, &values).replace("\n\n\n", "\n\n")
}

/// The task's lines in `app.toml`.
fn entry(request: &Task<'_>, package: &str, servers: &[Server], model: &Model) -> String {
    let name = request.name;
    let band = model.bands.len().saturating_sub(1);
    let in_band = model.tasks.iter().filter(|task| task.band == band);
    let taken: Vec<u32> = in_band.map(|task| task.priority).collect();
    // Below the servers that it calls, if they are in this band.
    let least = servers
        .iter()
        .filter_map(|server| model.task(&server.task))
        .filter(|task| task.band == band)
        .map(|task| task.priority + 1)
        .max()
        .unwrap_or(0);
    let least = least.max(u32::from(taken.contains(&0)));
    let priority = (least..).find(|number| !taken.contains(number)).unwrap_or(least);
    let band = model.bands.last().map_or("apps", |band| band.name.as_str());
    let mut text = format!(
        "\n[tasks.{name}]\ncrate    = \"{package}\"\nband     = \"{band}\"\n\
         priority = {priority}\n"
    );
    if !request.server {
        text.push_str("timers   = [\"tick\"]\n");
    }
    if !servers.is_empty() {
        text.push_str(&format!("\n[tasks.{name}.channels]\n"));
        for server in servers {
            text.push_str(&format!("{0} = {{ to = \"{0}\" }}\n", server.task));
        }
    }
    text
}

/// A TOML file with more at its end.
fn appended(path: &Path, before: &str, more: &str) -> Result<String, Error> {
    let text = format!("{}\n{more}", before.trim_end());
    let parsed: Result<DocumentMut, _> = text.parse();
    let path = PathBuf::from(path);
    parsed.map(|_| text).map_err(|source| Error::Toml { path, source })
}

#[cfg(test)]
mod tests {
    use super::{appended, imported};
    use std::path::Path;

    #[test]
    fn the_libraries_of_an_interface_are_the_first_words_of_its_imports() {
        let text = include_str!("../../../idl/supervisor.idol");
        assert_eq!(imported(text), ["supervisor_api"]);
        assert!(imported("Interface(name: \"X\", ops: {})").is_empty());
        assert!(imported("imports:").is_empty());
    }

    #[test]
    fn what_is_added_to_a_file_leaves_the_rest_and_is_refused_where_it_cannot_be() {
        let path = Path::new("app.toml");
        let text = appended(path, "a = 1 # kept\n\n\n", "\n[b]\n").unwrap();
        assert_eq!(text, "a = 1 # kept\n\n[b]\n");
        let error = appended(path, "tasks = { a = 1 }", "\n[tasks.b]\n").unwrap_err();
        assert!(error.to_string().starts_with("app.toml: "), "{error}");
    }
}

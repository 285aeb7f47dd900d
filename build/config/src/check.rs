//! Check: typed config in, model or all that is wrong out.
//!
//! ```text
//!   app.toml ─► inherit ─► app ──────┐
//!   board ────► inherit ─┐           ├─► hardware, order, wiring ─► Model
//!   chip ─────► inherit ─┴► machine ─┘
//! ```
//!
//! Nothing here reads files: a [`Library`] gives the texts, so that tests give
//! them from memory.

use crate::app::{self, App};
use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Errors};
use crate::fields::Out;
use crate::hardware::{self, Owned};
use crate::inherit::{self, Whole};
use crate::library::{File, Kind, Library, is_path};
use crate::machine;
use crate::model::{
    Band, Board, Chip, CrateRef, Exit, LeftOut, Log, Model, Profile, Supervisor, Task,
};
use crate::order;
use crate::room;
use crate::source::{FileId, Sources, Span, Spanned};
use crate::suggest;
use crate::variant::{self, Variant};
use crate::wiring;
use std::path::Path;

/// Checks an `app.toml`. `directory` is where its relative paths begin.
///
/// # Errors
///
/// Every rule that is broken, as far as they can be told apart: what only follows
/// from another error is left out.
pub fn check(app: File, directory: &Path, library: &dyn Library) -> Result<Model, Errors> {
    check_for(app, &Variant::default(), directory, library)
}

/// As [`check`], for a build that differs from what `app.toml` says.
///
/// # Errors
///
/// As [`check`]; if the variant has a board, that of `app.toml` itself is not looked at.
pub fn check_for(
    app: File,
    variant: &Variant<'_>,
    directory: &Path,
    library: &dyn Library,
) -> Result<Model, Errors> {
    let mut sources = Sources::default();
    let mut out = Out::new();
    let (app_file, whole) = inherit::load(app, library, &mut sources, &mut out);
    let model = whole.and_then(|whole| {
        let top = Span { file: app_file, start: 0, end: 0 };
        let Variant { board, profile } = *variant;
        let mut app = app::read(&whole.table, top, &mut out);
        app.removed = removed_tasks(&whole);
        paths_begin_at(&mut app, directory, &whole);
        variant::check(&app, &mut out);
        let left_out = match profile {
            Profile::Debug => LeftOut::default(),
            Profile::Release => variant::leave_out(&mut app),
        };
        let wanted = app.board.as_ref().map(|own| Wanted {
            name: board.unwrap_or(&own.value),
            span: board.is_none_or(|board| board == own.value).then_some(own.span),
        });
        let own_board = wanted.is_some_and(|wanted| wanted.span.is_some());
        let beside = |span: Span| {
            let found = whole.directories.iter().find(|(file, _)| *file == span.file);
            found.map_or(directory, |(_, directory)| directory)
        };
        let mut machine = wanted.and_then(|board| {
            let beside = board.span.map_or(directory, beside);
            machine(board, beside, library, &mut sources, &mut out)
        });
        if let (Some(machine), Profile::Release) = (&mut machine, profile) {
            machine.board.exit = Exit::None;
        }
        assemble(&app, machine, &mut out).map(|(parts, machine)| Model {
            name: app.name.map(|name| name.value).unwrap_or_default(),
            directory: directory.to_path_buf(),
            board: machine.board,
            own_board,
            profile,
            left_out,
            chip: machine.chip,
            bands: parts.bands,
            checks: app.checks,
            supervisor: parts.supervisor,
            log: parts.log,
            tasks: parts.tasks,
            sources: sources.clone(),
            app_file,
            board_file: machine.board_file,
            chip_file: machine.chip_file,
            inherited: whole.inherited,
            board_inherited: machine.board_inherited,
            chip_inherited: machine.chip_inherited,
        })
    });
    match model {
        Some(model) if out.is_empty() => room::fits(model),
        _ => Err(Errors::new(out, sources)),
    }
}

/// The tasks that were inherited and removed, with the places that say so.
fn removed_tasks(whole: &Whole) -> Vec<Spanned<String>> {
    let tasks = whole.removed.iter().filter_map(|(path, span)| match path.as_slice() {
        [tasks, name] if tasks == "tasks" => Some(Spanned { value: name.clone(), span: *span }),
        _ => None,
    });
    tasks.collect()
}

/// A path of a crate begins at the file that says it; from here on, at `app.toml`.
fn paths_begin_at(app: &mut App, directory: &Path, whole: &Whole) {
    for krate in app.tasks.iter_mut().filter_map(|task| task.crate_ref.as_mut()) {
        let CrateRef::Path(path) = &mut krate.value else { continue };
        let from = whole.directories.iter().find(|(file, _)| *file == krate.span.file);
        let Some((_, from)) = from.filter(|(file, _)| whole.inherited.contains(file)) else {
            continue;
        };
        *path = match from.strip_prefix(directory) {
            Ok(below) => below.join(&*path),
            Err(_) => std::path::absolute(from.join(&*path)).unwrap_or_else(|_| from.join(&*path)),
        };
    }
}

/// Board and chip with the files they came from.
struct Machine {
    board: Board,
    board_file: FileId,
    board_inherited: Vec<FileId>,
    chip: Chip,
    chip_file: FileId,
    chip_inherited: Vec<FileId>,
}

/// The name of a board or chip, and where a file says it, if one does.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    name: &'a str,
    span: Option<Span>,
}

fn machine(
    wanted: Wanted<'_>,
    beside: &Path,
    library: &dyn Library,
    sources: &mut Sources,
    out: &mut Out,
) -> Option<Machine> {
    let file = open(Kind::Board, wanted, beside, library, out)?;
    let own = file.directory.clone();
    let (board_file, whole) = inherit::load(file, library, sources, out);
    let board_whole = whole?;
    let board_top = Span { file: board_file, start: 0, end: 0 };
    let chip_name = machine::chip_name(&board_whole.table, board_top, out)?;
    let named = Wanted { name: &chip_name.value, span: Some(chip_name.span) };
    // A board in `boards/` has its chip in `chips/` beside that; a path begins at its file.
    let from = board_whole.directories.iter().find(|(file, _)| *file == chip_name.span.file);
    let from = from.map_or(&own, |(_, directory)| directory);
    let in_boards = from.ends_with(Kind::Board.directory()) && !is_path(&chip_name.value);
    let from = from.parent().filter(|_| in_boards).unwrap_or(from);
    let file = open(Kind::Chip, named, from, library, out)?;
    let (chip_file, whole) = inherit::load(file, library, sources, out);
    let chip_whole = whole?;
    let chip_top = Span { file: chip_file, start: 0, end: 0 };
    let chip = machine::chip(&stem(&chip_name.value), &chip_whole.table, chip_top, out)?;
    let board = machine::board(&stem(wanted.name), &board_whole.table, board_top, &chip, out)?;
    Some(Machine {
        board,
        board_file,
        board_inherited: board_whole.inherited,
        chip,
        chip_file,
        chip_inherited: chip_whole.inherited,
    })
}

/// A name, or the name in a path.
fn stem(name: &str) -> String {
    let path = Path::new(name).with_extension("");
    path.file_name().map_or_else(|| name.to_string(), |stem| stem.to_string_lossy().into_owned())
}

fn open(
    kind: Kind,
    wanted: Wanted<'_>,
    beside: &Path,
    library: &dyn Library,
    out: &mut Out,
) -> Option<File> {
    let Wanted { name, span } = wanted;
    match library.open(kind, name, beside) {
        Ok(file) => Some(file),
        Err(missing) => {
            let word = kind.word();
            let tried = missing.tried.join("` and `");
            let known = missing.known.iter().map(String::as_str);
            let help = if is_path(name) {
                let begins = match kind {
                    Kind::Board => "at the directory of app.toml, or at the repository",
                    Kind::Chip => "at the directory of the board's file",
                };
                Some(format!("a path begins {begins}"))
            } else {
                suggest::did_you_mean(name, known)
            };
            let title = format!("there is no {word} `{name}`");
            let found = match span {
                Some(span) => {
                    Diagnostic::new(kind.unknown(), title).at(span, format!("looked for `{tried}`"))
                }
                None => Diagnostic::new(kind.unknown(), format!("{title}: looked for `{tried}`")),
            };
            out.push(found.maybe_help(help));
            None
        }
    }
}

/// What comes from `app.toml` alone.
struct Parts {
    bands: Vec<Band>,
    supervisor: Supervisor,
    log: Option<Log>,
    tasks: Vec<Task>,
}

/// Applies the rules that join things. `None` if one is broken.
fn assemble(app: &App, machine: Option<Machine>, out: &mut Out) -> Option<(Parts, Machine)> {
    let supervisor_task = app.supervisor.as_ref().and_then(|supervisor| {
        supervisor.task.as_ref().and_then(|name| wiring::find_task(app, name, out))
    });
    let log_task = app.log.as_ref().and_then(|name| wiring::find_task(app, name, out));
    let log_at = log_task.zip(app.log_span);

    let owned = match &machine {
        Some(machine) => hardware::owners(app, &machine.chip, out),
        None => app.tasks.iter().map(|_| Owned::default()).collect(),
    };
    let urgencies = order::urgencies(app, out);
    if let Some(supervisor) = supervisor_task {
        order::supervisor_first(app, supervisor, &urgencies, out);
    }
    let bits: Vec<_> = app
        .tasks
        .iter()
        .zip(&owned)
        .enumerate()
        .map(|(index, (task, owned))| {
            let span = app.supervisor.as_ref().map(|supervisor| supervisor.span);
            let span = span.filter(|_| supervisor_task == Some(index));
            wiring::notifications(task, owned, span, out)
        })
        .collect();
    if let Some((log, at)) = log_at {
        wiring::log_has_records(app, log, at, &bits[log], out);
    }
    let mut edges = Vec::new();
    let mut wires = Vec::new();
    for (index, task) in app.tasks.iter().enumerate() {
        let board = machine.as_ref().map(|m| (m.board.name.as_str(), m.board.exit));
        let ports = wiring::ports(app, index, &mut edges, out);
        let posts = wiring::posts(app, index, &bits, log_at, out);
        wires.push((ports, posts, wiring::kernel_ops(app, task, board, out)));
    }
    order::calls_go_up(app, &edges, &urgencies, out);
    if !out.is_empty() {
        return None;
    }

    let ranks = order::ranks(&urgencies);
    let mut tasks = Vec::new();
    for (index, ((task, owned), (ports, posts, kernel_ops))) in
        app.tasks.iter().zip(owned).zip(wires).enumerate()
    {
        let crate_ref = task.crate_ref.clone()?;
        let notifications = bits[index].clone();
        tasks.push(Task {
            name: task.name.value.clone(),
            index,
            crate_span: crate_ref.span,
            crate_ref: crate_ref.value,
            band: urgencies[index]?.band,
            priority: u32::try_from(urgencies[index]?.priority).ok()?,
            rank: ranks[index],
            fp: task.fp,
            thread_pointer: task.thread_pointer,
            held: !task.start,
            debug_only: task.debug_only.is_some(),
            stack: task.memory.stack,
            stack_span: task.memory.stack_span,
            stack_bounds: task.memory.bounds.clone(),
            heap: task.memory.heap.map(|heap| heap.value),
            heap_span: task.memory.heap.map(|heap| heap.span),
            bin: task.bin.as_ref().map(|bin| bin.value.clone()),
            bin_span: task.bin.as_ref().map(|bin| bin.span),
            ports,
            posts,
            interrupts: wiring::interrupts(&owned, &notifications),
            devices: owned.devices,
            boot_info: owned.boot_info,
            boot_record: owned.boot_record,
            timers: wiring::timers(&notifications),
            notifications,
            kernel_ops,
            restart: task.restart,
            log: task.log,
            summary: task.summary.iter().map(|name| name.value.clone()).collect(),
            summary_spans: task.summary.iter().map(|name| name.span).collect(),
            config_spans: task.config_spans.clone(),
            config: task.config.clone(),
            span: task.span,
        });
    }
    let bit = |task: usize, name: &str| {
        tasks[task].notifications.iter().find(|bit| bit.name == name).map(|bit| bit.bit)
    };
    let supervisor = Supervisor {
        task: supervisor_task?,
        ack_us: app.supervisor.as_ref()?.ack_ms * 1000,
        fault_bit: bit(supervisor_task?, wiring::SUPERVISOR_BITS[0])?,
        stop_bit: bit(supervisor_task?, wiring::SUPERVISOR_BITS[1])?,
    };
    let log = match log_task {
        Some(task) => Some(Log { task, records_bit: bit(task, wiring::RECORDS)? }),
        None => None,
    };
    let bands = app
        .bands
        .iter()
        .map(|band| Band {
            name: band.name.value.clone(),
            policy: band.policy,
            span: band.name.span,
        })
        .collect();
    Some((Parts { bands, supervisor, log, tasks }, machine?))
}

impl Kind {
    fn unknown(self) -> Code {
        match self {
            Kind::Board => Code::UnknownBoard,
            Kind::Chip => Code::UnknownChip,
        }
    }
}

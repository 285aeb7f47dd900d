//! Urgency: one order over all tasks, and calls that only go up in it.
//!
//! ```text
//!   band 0   system   0 1 2          rank = place in this reading order,
//!   band 1   rt       0 1 2 3        0 = most urgent
//!   band 2   apps     0 1
//! ```
//!
//! A server is more urgent than whoever calls it, so a call is answered before the
//! caller could run again, no task waits for a less urgent one, and calls form no
//! cycle. Posts go anywhere: they do not wait.

use crate::app::App;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::fields::Out;
use crate::source::{Span, Spanned};
use crate::suggest;
use std::collections::VecDeque;

/// A call that is declared: client, server, and where.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    /// Task index of who calls.
    pub client: usize,
    /// Task index of who is called.
    pub server: usize,
    /// Where the channel is declared.
    pub span: Span,
}

/// Where a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Urgency {
    /// Index of its band.
    pub band: usize,
    /// Priority in the band.
    pub priority: u64,
}

/// Where each task stands; `None` for those whose band or priority is wrong.
pub fn urgencies(app: &App, out: &mut Out) -> Vec<Option<Urgency>> {
    let all: Vec<Option<Urgency>> = app
        .tasks
        .iter()
        .map(|task| {
            let band = task.band.as_ref().and_then(|band| find_band(app, band, out));
            let priority = task.priority.as_ref().map(|priority| priority.value);
            Some(Urgency { band: band?, priority: priority? })
        })
        .collect();
    for (index, urgency) in all.iter().enumerate() {
        let Some(first) = all[..index].iter().position(|other| other.is_some() && other == urgency)
        else {
            continue;
        };
        let (task, other) = (&app.tasks[index], &app.tasks[first]);
        let (Some(mine), Some(theirs), Some(urgency)) = (&task.priority, &other.priority, urgency)
        else {
            continue;
        };
        let taken: Vec<u64> = all
            .iter()
            .flatten()
            .filter(|other| other.band == urgency.band)
            .map(|other| other.priority)
            .collect();
        let free = (0..).find(|priority| !taken.contains(priority)).unwrap_or_default();
        let band = &app.bands[urgency.band].name.value;
        out.push(
            Diagnostic::new(
                Code::PriorityTwice,
                format!(
                    "`{}` and `{}` both have priority {} in band `{band}`",
                    other.name.value, task.name.value, mine.value
                ),
            )
            .at(mine.span, format!("`{}` has it again", task.name.value))
            .also(theirs.span, format!("`{}` has it first", other.name.value))
            .help(format!("priorities of a band are unique; {free} is free")),
        );
    }
    all
}

fn find_band(app: &App, band: &Spanned<String>, out: &mut Out) -> Option<usize> {
    let found = app.bands.iter().position(|other| other.name.value == band.value);
    // Without any band that can be read, this would only repeat that.
    if found.is_none() && !app.bands.is_empty() {
        let names = app.bands.iter().map(|band| band.name.value.as_str());
        out.push(
            Diagnostic::new(Code::UnknownBand, format!("there is no band `{}`", band.value))
                .at(band.span, "not a band")
                .maybe_help(suggest::did_you_mean(&band.value, names)),
        );
    }
    found
}

/// Rank of each task: its place by urgency, 0 = most urgent.
pub fn ranks(urgencies: &[Option<Urgency>]) -> Vec<u32> {
    let mut order: Vec<usize> = (0..urgencies.len()).collect();
    order.sort_by_key(|&task| urgencies[task]);
    let mut ranks = vec![0; urgencies.len()];
    for (rank, &task) in (0_u32..).zip(&order) {
        ranks[task] = rank;
    }
    ranks
}

/// The supervisor comes before everybody, and runs from the start.
pub fn supervisor_first(app: &App, index: usize, all: &[Option<Urgency>], out: &mut Out) {
    let task = &app.tasks[index];
    if let Some(span) = task.start_span.filter(|_| !task.start) {
        out.push(
            Diagnostic::new(
                Code::SupervisorNotFirst,
                format!("the supervisor, `{}`, is held at boot", task.name.value),
            )
            .at(span, "nobody else could start it")
            .help("remove this line"),
        );
    }
    let Some(mine) = all[index] else { return };
    let ahead = |other: &&Option<Urgency>| other.is_some_and(|other| other < mine);
    let Some(first) = all.iter().filter(ahead).min() else { return };
    let Some(other) = all.iter().position(|urgency| urgency == first) else { return };
    let place = |index: usize| app.tasks[index].priority.as_ref().map(|p| p.span);
    if let (Some(here), Some(there)) = (place(index), place(other)) {
        let other_name = &app.tasks[other].name.value;
        out.push(
            Diagnostic::new(
                Code::SupervisorNotFirst,
                format!("`{other_name}` is more urgent than the supervisor, `{}`", task.name.value),
            )
            .at(here, describe(app, index, all))
            .also(there, describe(app, other, all))
            .help(
                "the supervisor must be the most urgent task: first band, lowest priority number",
            ),
        );
    }
}

/// Every call goes up, and none goes round.
pub fn calls_go_up(app: &App, edges: &[Edge], all: &[Option<Urgency>], out: &mut Out) {
    let cycles = cycles(app.tasks.len(), edges);
    for cycle in &cycles {
        out.push(cycle_found(app, cycle));
    }
    for edge in edges {
        let (Some(client), Some(server)) = (all[edge.client], all[edge.server]) else { continue };
        if server > client && !on_a_cycle(app.tasks.len(), edges, edge) {
            out.push(not_up(app, *edge, all));
        }
    }
}

fn describe(app: &App, index: usize, all: &[Option<Urgency>]) -> String {
    let Some(urgency) = all[index] else { return String::new() };
    let band = &app.bands[urgency.band].name.value;
    format!("`{}`: band `{band}`, priority {}", app.tasks[index].name.value, urgency.priority)
}

fn not_up(app: &App, edge: Edge, all: &[Option<Urgency>]) -> Diagnostic {
    let (client, server) = (&app.tasks[edge.client], &app.tasks[edge.server]);
    let (from, to) = (&client.name.value, &server.name.value);
    let mut found = Diagnostic::new(
        Code::CallNotUp,
        format!("`{from}` may not call `{to}`, which is less urgent"),
    )
    .at(edge.span, "calls go to more urgent tasks only")
    .help(format!(
        "make `{to}` more urgent than `{from}`, or let `{from}` post to `{to}`, which then calls"
    ));
    for index in [edge.client, edge.server] {
        let task = &app.tasks[index];
        if let Some(priority) = &task.priority {
            found = found.also(priority.span, describe(app, index, all));
        }
    }
    if let (Some(from), Some(to)) = (all[edge.client], all[edge.server])
        && from.band != to.band
    {
        for band in [from.band, to.band] {
            let name = &app.bands[band].name;
            found = found.also(name.span, format!("band {band}, counted from the most urgent"));
        }
    }
    found
}

fn cycle_found(app: &App, cycle: &[Edge]) -> Diagnostic {
    let name = |task: usize| format!("`{}`", app.tasks[task].name.value);
    let mut path: Vec<String> = cycle.iter().map(|edge| name(edge.client)).collect();
    path.extend(path.first().cloned());
    let title = if let [only] = cycle {
        format!("{} calls itself", name(only.client))
    } else {
        format!("calls form a cycle: {}", path.join(" -> "))
    };
    let mut found = Diagnostic::new(Code::CallCycle, title);
    for (number, edge) in cycle.iter().enumerate() {
        let text = format!("{} calls {}", name(edge.client), name(edge.server));
        found = if number == 0 { found.at(edge.span, text) } else { found.also(edge.span, text) };
    }
    found.help(if cycle.len() == 1 {
        "it would wait for itself for ever: call the function, not the task"
    } else {
        "each would wait for the next for ever: replace one of the calls by a post"
    })
}

/// Shortest cycles that between them touch every task that is on a cycle.
fn cycles(tasks: usize, edges: &[Edge]) -> Vec<Vec<Edge>> {
    let mut covered = vec![false; tasks];
    let mut all = Vec::new();
    for start in 0..tasks {
        if covered[start] {
            continue;
        }
        if let Some(cycle) = path(tasks, edges, start, start) {
            for edge in &cycle {
                covered[edge.client] = true;
            }
            all.push(cycle);
        }
    }
    all
}

fn on_a_cycle(tasks: usize, edges: &[Edge], edge: &Edge) -> bool {
    edge.client == edge.server || path(tasks, edges, edge.server, edge.client).is_some()
}

/// Shortest way from one task to another along at least one call.
fn path(tasks: usize, edges: &[Edge], from: usize, to: usize) -> Option<Vec<Edge>> {
    let mut by: Vec<Option<Edge>> = vec![None; tasks];
    let mut queue = VecDeque::from([from]);
    while let Some(task) = queue.pop_front() {
        for edge in edges.iter().filter(|edge| edge.client == task) {
            if by[edge.server].is_some() {
                continue;
            }
            by[edge.server] = Some(*edge);
            if edge.server == to {
                let mut way = vec![*edge];
                let mut at = edge.client;
                while at != from {
                    let step = by[at]?;
                    way.push(step);
                    at = step.client;
                }
                way.reverse();
                return Some(way);
            }
            queue.push_back(edge.server);
        }
    }
    None
}

//! Task model: what a task's build script is told, as one JSON file.
//!
//! Only what concerns the task, so that a change elsewhere in `app.toml` does not
//! rebuild it.

use crate::SUPERVISOR_SUMMARY;
use crate::span::{self, Piece, Placed};
use abi::kernel_op;
use exov6_config::Linked;
use exov6_config::model::{Model, NotificationKind, RestartPolicy, Task};
use serde_json::{Value, json};
use std::path::Path;

/// The file's `format`.
pub const FORMAT: &str = "exov6-task-model/1";

/// The task model of one task.
#[must_use]
pub fn json(model: &Model, linked: &Linked, task: &Task, fixed: &[Placed], script: &Path) -> Value {
    let own = &linked.tasks[task.index];
    let name = |index: usize| model.tasks[index].name.as_str();
    let clients: Vec<Value> = model
        .clients(task.index)
        .map(|(client, port)| json!({ "task": client.name, "badge": port.badge }))
        .collect();
    let ports: Vec<Value> = task
        .ports
        .iter()
        .zip(&own.ports)
        .map(|(port, linked)| {
            let ops: Vec<&str> = linked.ops.iter().map(|(name, _)| name.as_str()).collect();
            json!({
                "name": port.name,
                "number": port.number,
                "server": name(port.server),
                "interface": linked.interface.path,
                "ops": ops,
                "mask": linked.mask,
            })
        })
        .collect();
    let notifications: Vec<Value> = task
        .notifications
        .iter()
        .map(|notification| {
            let mut value = json!({ "name": notification.name, "bit": notification.bit });
            match notification.kind {
                NotificationKind::Timer(number) => value["timer"] = json!(number),
                NotificationKind::Interrupt(n) => value["irq"] = json!(task.interrupts[n].name),
                NotificationKind::Declared | NotificationKind::Implicit => {}
            }
            value
        })
        .collect();
    let timers: Vec<Value> = task
        .timers
        .iter()
        .map(|t| json!({ "name": t.name, "number": t.number, "bit": t.bit }))
        .collect();
    let posts: Vec<Value> = task
        .posts
        .iter()
        .filter(|post| !post.implicit)
        .map(|post| {
            let bits: Vec<Value> = post
                .bits
                .iter()
                .map(|bit| json!({ "name": bit.name, "mask": 1_u32 << bit.bit }))
                .collect();
            json!({ "task": name(post.target), "number": post.number, "bits": bits })
        })
        .collect();
    let at = |piece| span::find(fixed, piece);
    let mut devices: Vec<Value> = task
        .devices
        .iter()
        .enumerate()
        .filter_map(|(n, device)| {
            let placed = at(Piece::Device(n))?;
            Some(json!({ "name": device.name, "address": placed.address, "size": placed.size }))
        })
        .collect();
    let pages = [
        ("boot-info", at(Piece::BootInfo)),
        ("boot-record", at(Piece::BootRecord).filter(|_| task.boot_record)),
    ];
    devices.extend(pages.into_iter().filter_map(|(name, placed)| {
        let placed = placed?;
        Some(json!({ "name": name, "address": placed.address, "size": placed.size }))
    }));
    let ring = at(Piece::Ring(task.index));
    let to_log = task.posts.iter().find(|post| post.implicit);
    let is_log = model.log.is_some_and(|log| log.task == task.index);
    let rings: Vec<Value> = fixed
        .iter()
        .filter(|_| is_log)
        .filter_map(|placed| match placed.piece {
            Piece::Ring(owner) => Some((owner, placed)),
            _ => None,
        })
        .map(|(owner, placed)| {
            json!({
                "task": name(owner),
                "index": owner,
                "address": placed.address,
                "size": placed.size,
                "summary": summary(model, owner).len(),
            })
        })
        .collect();
    let is_supervisor = model.supervisor.task == task.index;
    let restart: Vec<Value> = model
        .tasks
        .iter()
        .filter(|_| is_supervisor)
        .map(|other| {
            let policy = match other.restart.policy {
                RestartPolicy::Always => "always",
                RestartPolicy::Never => "never",
            };
            json!({
                "task": other.name,
                "policy": policy,
                "min_interval_ms": other.restart.min_interval_ms,
                "max_per_s": other.restart.max_per_s,
            })
        })
        .collect();
    let heap = at(Piece::Heap).map(|h| json!({ "address": h.address, "size": h.size }));
    json!({
        "format": FORMAT,
        "app": model.name,
        "task": task.name,
        "index": task.index,
        "crate": own.package,
        "bin": own.bin,
        "heap": heap,
        "linker_script": script,
        "tasks": model.tasks.iter().map(|task| task.name.as_str()).collect::<Vec<_>>(),
        "serves": own.serves.as_ref().map(|facts| json!({ "interface": facts.path, "clients": clients })),
        "ports": ports,
        "notifications": notifications,
        "timers": timers,
        "posts": posts,
        "devices": devices,
        "summary": summary(model, task.index),
        "log": {
            "ring": ring.map(|ring| ring.address),
            "size": ring.map(|ring| ring.size),
            "post": to_log.map(|post| post.number),
            "mask": to_log.map(|post| post.mask),
        },
        "rings": rings,
        "boot_record": at(Piece::BootRecord).filter(|_| is_log).map(|placed| placed.address),
        "restart": restart,
        "kernel": kernel_op::KernelOp::ALL
            .iter()
            .filter(|(operation, _)| task.kernel_ops[*operation as usize] != 0)
            .map(|(_, name)| name)
            .collect::<Vec<_>>(),
        "config": task.config,
    })
}

/// The summary counters of a task: the supervisor has two before its own.
#[must_use]
pub fn summary(model: &Model, task: usize) -> Vec<String> {
    let implicit = if model.supervisor.task == task { &SUPERVISOR_SUMMARY[..] } else { &[] };
    implicit
        .iter()
        .map(|name| (*name).to_owned())
        .chain(model.tasks[task].summary.iter().cloned())
        .collect()
}

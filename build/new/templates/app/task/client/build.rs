//! Turns this task's part of app.toml into constants.

fn main() {
    exov6_task_build::main();
}

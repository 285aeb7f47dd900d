//! Writes the constants that app.toml gives this task.

fn main() {
    exov6_task_build::main();
}

//! Turns what the build tools know about this task into its `task.rs`.

fn main() {
    exov6_task_build::main();
}

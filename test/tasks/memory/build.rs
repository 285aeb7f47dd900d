//! Turns this task's part of the system description into constants.

fn main() {
    exov6_task_build::main();
}

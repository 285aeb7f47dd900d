//! exov6-task-build

//! exov6-log

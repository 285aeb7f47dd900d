//! exov6-archive

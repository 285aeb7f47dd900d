//! exov6-config

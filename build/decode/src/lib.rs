//! exov6-decode

//! exov6-userlib

//! exov6-emulate

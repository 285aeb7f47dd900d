//! exov6-toolchain

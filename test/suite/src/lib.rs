//! exov6-test-suite

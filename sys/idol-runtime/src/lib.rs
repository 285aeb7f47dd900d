//! exov6-idol-runtime

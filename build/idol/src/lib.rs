//! exov6-idol

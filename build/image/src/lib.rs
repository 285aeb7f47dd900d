//! exov6-image

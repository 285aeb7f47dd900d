//! exov6-kern

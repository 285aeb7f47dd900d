//! exov6-pagetable

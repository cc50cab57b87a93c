//! Guides: how the parts of this crate work together where a server has more than one process.

pub mod several_nodes;

//! Guides: how the parts of this crate work together where a server has more than one process, and what its refusals mean.

#[cfg(test)]
mod checked_in;
pub mod refusals;
pub mod several_nodes;

#[cfg(test)]
use self::checked_in::checked_in;

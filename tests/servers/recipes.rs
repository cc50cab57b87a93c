//! The recipes of the guide, as a host runs them.

mod clients;
mod codes;
mod endpoints;

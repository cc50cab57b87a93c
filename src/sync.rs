//! What threads share: locks and counts of the standard library, and what tokio has for tasks that wait. In models
//! (`--cfg parjar_models`) they are those of shuttle, which chooses at each of them which thread goes on.

#[cfg(parjar_models)]
mod in_models;

#[cfg(parjar_models)]
pub(crate) use self::in_models::{LongMutex, Notify};
#[cfg(parjar_models)]
pub(crate) use shuttle::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicU64, AtomicUsize},
};
#[cfg(not(parjar_models))]
pub(crate) use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicU64, AtomicUsize},
};
#[cfg(not(parjar_models))]
pub(crate) use tokio::sync::{Mutex as LongMutex, Notify};

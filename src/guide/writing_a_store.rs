//! Writing a store: the operations, how databases make each of them one step, and the kit that tests it.
//!
//! A [`RequestStore`] keeps requests and marks under keys of 32 bytes. It never looks into a payload, and never looks before it leaps: each
//! operation is one atomic step that checks and changes at once, over all processes.
//!
//! | operation | in SQL | in a store of keys and values |
//! | --- | --- | --- |
//! | [`insert`](RequestStore::insert) | `INSERT ... ON CONFLICT DO NOTHING`, marks and request in one statement or transaction | a script, or a compare-and-set of a document with both |
//! | [`claim`](RequestStore::claim) | `UPDATE ... WHERE key AND owner AND (browser IS NULL OR browser = $) AND expires > now() RETURNING` | a script |
//! | [`consume`](RequestStore::consume) | `UPDATE ... SET spent WHERE` the same `AND NOT spent` | a script |
//! | [`annotate`](RequestStore::annotate) | `UPDATE ... WHERE` the same `AND revision = $` | compare-and-set |
//! | [`extend`](RequestStore::extend) | `UPDATE ... SET expires = greatest(expires, least(...))` | a script |
//! | [`remember`](RequestStore::remember) | as the marks of `insert` | set if absent |
//! | [`ready`](RequestStore::ready) | a statement that changes nothing, as cheap as an operation | the same |
//!
//! # What goes wrong
//!
//! * **Looking first.** `SELECT`, then `UPDATE`: two callers both see a request that is not spent. The kit races 64 threads to find this.
//! * **The clock of the node.** Lifetimes are counted by the store's clock, or two nodes disagree about what has expired.
//! * **Expired rows that are still there** count as gone, in every condition.
//! * **Marks without their request.** When `insert` fails, it leaves neither; when a mark is known, that is the answer, whatever else is wrong.
//! * **A retry after a lost answer.** The operation may have run: report [`StoreError`](crate::store::StoreError), and let the client repeat.
//! * **Evicting what lives** to make room. Refuse the new one ([`StoreRefusal::Full`](crate::store::StoreRefusal::Full)), and keep room that
//!   [public clients](crate::store::Owner::is_authenticated) cannot take.
//! * **A caller that is cancelled** in the middle. The operation has happened or not; a transaction that is dropped is rolled back.
//!
//! # By owner
//!
//! Each operation names the owner, and no key is brought for two: keys are digests of what they name and of its owner. A store that is spread over servers
//! can put what belongs to one owner in one place, so that a request and its marks are one step there; then another owner's request is
//! [`Unknown`](crate::store::ClaimError::Unknown). A store with one table for all looks for the key alone.
//!
//! # The kit
//!
//! ```no_run
//! use std::time::Duration;
//! use parjar::store::{MemoryStore, contract};
//!
//! struct Mine {
//!     runtime: tokio::runtime::Runtime,
//!     store: MemoryStore, // yours
//! }
//!
//! impl contract::Harness for Mine {
//!     type Store = MemoryStore;
//!
//!     fn store(&self) -> MemoryStore {
//!         self.store.clone() // or a connection of its own, for each thread
//!     }
//!
//!     fn block_on<F: Future>(&self, future: F) -> F::Output {
//!         self.runtime.block_on(future)
//!     }
//!
//!     fn pass(&self, time: Duration) {
//!         std::thread::sleep(time);
//!     }
//! }
//!
//! let runtime = tokio::runtime::Runtime::new()?;
//! contract::check(&Mine { runtime, store: MemoryStore::default() })?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! A violation says which promise was broken, and what was seen. A store with bounds also makes a [small one](contract::Harness::bounded_store)
//! for the kit.
//!
//! # Beside it
//!
//! A store that only this process knows says so by [`is_shared`](RequestStore::is_shared). Payloads are personal data: a
//! `SealedStore` around yours encrypts them. The statements of `PostgresStore` (`src/store/postgres/statements.rs`) are there to be read.

#[cfg(doc)]
use crate::store::{RequestStore, contract};

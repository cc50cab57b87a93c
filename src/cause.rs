//! Errors of the parts that a host plugs in: a fixed text, and the cause for the log of the host.

use std::{error::Error, sync::Arc};

/// The cause that a part of the host gives for its failure.
#[derive(Clone)]
pub(crate) struct Cause(Arc<dyn Error + Send + Sync>);

impl Cause {
    pub(crate) fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Arc::from(cause.into()))
    }

    pub(crate) fn as_error(&self) -> &(dyn Error + 'static) {
        &*self.0
    }
}

/// Defines an error that says no more than that a part has failed. Its cause is its [`source`](Error::source).
macro_rules! opaque_error {
    ($(#[$doc:meta])* $name:ident, $text:literal) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name($crate::cause::Cause);

        impl $name {
            /// Makes an error with this cause, be it an error or a text. It is for the log of the host, by way of
            /// `source()`: neither `Display` nor `Debug` shows it, and a client never learns of it.
            pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
                Self($crate::cause::Cause::new(cause))
            }
        }

        impl From<$name> for $crate::cause::Cause {
            fn from(error: $name) -> Self {
                error.0
            }
        }

        impl std::error::Error for $name {
            fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
                Some(self.0.as_error())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str($text)
            }
        }

        $crate::error_text::debug_by_display!($name);
    };
}

pub(crate) use opaque_error;

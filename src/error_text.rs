//! The `Debug` of errors shows the text of `Display`, since a `main` that returns an error prints it by `Debug`, as
//! `unwrap` does.

/// Implements `Debug` by `Display`. Causes are left out: those of a host's own parts may quote what they were asked.
macro_rules! debug_by_display {
    ($($error:ident),+) => {$(
        impl std::fmt::Debug for $error {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }
    )+};
}

pub(crate) use debug_by_display;

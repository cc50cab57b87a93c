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

/// Implements `Debug` by `Display`, with the causes behind it. For errors at the start of a program whose causes are this
/// library's own.
#[cfg(any(feature = "postgres", feature = "redis"))]
macro_rules! debug_with_causes {
    ($error:ident) => {
        impl std::fmt::Debug for $error {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                $crate::error_text::write_with_causes(self, f)
            }
        }
    };
}

#[cfg(any(feature = "postgres", feature = "redis"))]
pub(crate) fn write_with_causes(error: &dyn std::error::Error, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
    write!(f, "{error}")?;
    match error.source() {
        None => Ok(()),
        Some(cause) => {
            f.write_str(": ")?;
            write_with_causes(cause, f)
        }
    }
}

pub(crate) use debug_by_display;
#[cfg(any(feature = "postgres", feature = "redis"))]
pub(crate) use debug_with_causes;
